"""Whether a person or a machine wrote a mail, and whether a machine may answer it (RFC 3834).

Precedence: feedback report, bounce (delays and reports of no standard too), automatic reply,
list. Decides over headers, leaf types and the first words; reads no bytes. People write about
deliveries and absences too, so words alone never make a bounce: a machine has signed it.
"""

from __future__ import annotations

import re

from channels.email.parse.body import Body
from channels.email.parse.headers import Head
from channels.email.parse.mail import Address, Auto
from channels.email.parse.structure import Tree

_DAEMON = re.compile(
    r"(?i)^(?:mailer-?_?daemon|mail-?daemon|postmaster|mdaemon|mail\.?delivery\.?(?:sub)?system|"
    r"mailerdaemon|bounces?(?:[+=-].*)?|mail-?deliver\w*|mail-?admin|"
    r"microsoftexchange[0-9a-f]{32})$"
)
_DAEMON_NAME = re.compile(
    r"(?i)mail delivery (?:sub)?system|mail delivery service|mailer-daemon|^postmaster\b|"
    r"^mail (?:system|administrator)$|^system administrator$|系统退信|^邮件系统"
)
_BOUNCE_SUBJECT = re.compile(
    r"""(?ix) ^ \W* (?:
      undeliver(?:able|ed) | (?:mail|message) \s (?:delivery|system) \s (?:failed|failure|error
        |status|notif)
    | mail \s delivery \s failed | delivery \s (?:status \s notification|failure|failed
        |has \s failed|problem|
        report|delayed|error|incomplete|temporarily \s suspended|notification) | returned \s mail
    | failure \s (?:notice|delivery) | (?:notification \s of \s)? non[-\s]?deliver(?:y|able)
        | nondeliverable
    | message \s status \s - \s undeliverable | warning: \s+ (?:could \s not \s send
        | message \s .{0,60} delayed)
    | mail \s (?:could \s not \s be|not) \s delivered | (?:message|mail) \s .{0,60} (?:delayed
        |undeliverable|
        could \s not \s be \s delivered|not \s delivered) | delayed \s (?:mail|delivery)
        | bounced? \s (?:mail|message)
    | (?:\*\* \s?)? message \s you \s sent \s blocked | 传递已?延迟 | 傳遞已?延遲
    | rejected \s (?:mail|message) | (?:your \s)? (?:message|mail) \s to \s .{1,80} (?:was \s)?
        (?:rejected|couldn't|could \s not)
    | unzustellbar | nicht \s zustellbar | zustellung \s .{0,40}(?:fehlgeschlagen|verz[öo]gert)
        | unzustellbarkeit
    | (?:non \s remis|non[-\s]?distribu|[ée]chec \s (?:de|d'|dans) | message \s non \s (?:remis
        |distribu))
    | no \s se \s (?:puede|pudo|ha \s podido) \s entregar | no \s entregado | (?:error
        |fallo) \s (?:en|de) \s .{0,20}entrega
    | non \s recapitabile | mancato \s recapito | onbestelbaar | kan \s niet \s worden \s bezorgd
    | não \s (?:é \s possível \s entregar|entregue) | não \s foi \s possível \s entregar
    | недоставленное | не \s удалось \s доставить | сообщение \s не \s доставлено
    | .{0,30}(?:系统退信|退信通知|退信|退件|邮件退回|無法傳遞|无法投递|无法送达|投递失败
        |投递状态通知|传递失败|未送达|
        未传递|傳遞失敗|寄送失敗|发送失败|邮件延迟|延迟投递|投递延迟)
    | .{0,20}(?:配信不能|配信エラー|配信できません|配信遅延|送信失敗|送信できません
        |배달\s?되지|반송|전송\s?실패)
    )"""
)
_BOUNCE_WORDS = re.compile(
    r"(?i)this is the (?:mail system at|qmail-send program)|could not be delivered|"
    r"couldn't be delivered|"
    r"delivery to the following recipients?|delivery has failed|permanent (?:fatal )?errors?|"
    r"was not delivered|undeliverable|recipient address rejected|user unknown|no such user|"
    r"mailbox (?:is )?(?:full|unavailable)|wasn't delivered|message that you sent|has been delayed|"
    r"delivery attempts|unable to deliver|mailbox not found|\b[45]\d\d[ -][45]\.\d\.\d\b|"
    r"over quota|"
    r"delivery (?:error|failure|failed)|returned to sender|does(?: not|n't) exist|"
    r"无法投递|退信|无法送达|投递失败|不存在|未能送达|配信できません|无法发送到"
)
_REPLY_WORDS = r"""
      automatic \s (?:reply|response) | auto(?:mated)?[-\s]?(?:reply|response|responder|answer
        |antwort)
    | out[-\s]of[-\s](?:the[-\s])?office (?:\s auto(?:matic)?[-\s]?(?:reply|response))?
    | vacation \s (?:reply|response|notice|message|auto[-\s]?reply|auto[-\s]?response)
    | abwesenheits(?:notiz|nachricht|assistent|agent|meldung) | automatische \s antwort
    | autom\. \s antwort | r[ée]ponse \s automatique | absence \s du \s bureau
    | respuesta \s autom[áa]tica | fuera \s de \s (?:la \s)? oficina | risposta \s automatica
    | fuori \s (?:sede|ufficio)
    | resposta \s autom[áa]tica | automatisch \s antwoord | autosvar | automatiskt \s svar
    | automatisk \s svar | automaattinen \s vastaus | automatyczna \s odpowied[zź]
    | automatick[áa] \s odpov[eě][dď] | автоответ(?:чик)? | автоматический \s ответ
    | otomatik \s (?:yan[ıi]t|cevap)
    | (?:自动|自動)(?:回复|答复|应答|回覆|回復|答覆|返信|応答)(?:邮件|郵件|メール)?
    | 不在(?:通知|のお知らせ) | (?:外出|休假)自动(?:回复|答复)
    | 자동 \s* (?:회신|응답|답장) (?: \s* 메일)? | 부재중 (?: \s* 자동 \s* (?:회신|응답|답장))?
"""
_ABSENT_WORDS = r"""
      ooo | away \s from \s (?:my \s)? (?:office|mail|desk) | on \s (?:vacation|holiday|leave)
    | abwesend(?:heit)? | abwesenheit | absent | absence | afwezig(?:heid)? | ausente | assente
"""
# What a machine puts before the subject that it answers ends there; a sentence goes on.
_SUBJECT_END = r"\s* (?: $ | [:：\]】)）] | \s (?:re|aw|sv|回复|答复) \s* [:：])"
_REPLY_SUBJECT = re.compile(rf"(?ix) ^ \s* [\[【(（]? \s* (?: {_REPLY_WORDS} ) {_SUBJECT_END}")
# People begin so too: these need words of absence in the text.
_ABSENT_SUBJECT = re.compile(
    rf"(?ix) ^ \s* [\[【(（]? \s* (?: {_REPLY_WORDS} | {_ABSENT_WORDS} )"
    rf" (?: {_SUBJECT_END} | \s* [!！] | \s [–—-] \s )"
    r"| ^ \s* auto \s* : .{1,120} \b is \s out \b"
    r"| ^ (?: .{1,80} \s is | i \s am | i['’]m ) \s out \s of \s (?:the\s)? office \b"
)
_ABSENT_BODY = re.compile(
    r"(?i)out of (?:the )?office|on (?:vacation|holiday|leave|parental|maternity)|"
    r"away (?:from|until)|"
    r"(?:limited|no) access to (?:my )?e?-?mail|i (?:will|'ll) (?:be back|return|reply)|"
    r"(?:not|nicht|pas) (?:in the office|im b[üu]ro|au bureau)|abwesend|im urlaub|"
    r"wieder (?:erreichbar|da|im b[üu]ro)|en cong[ée]s?|absente?\b|de vacaciones|in ferie|"
    r"op vakantie|afwezig|不在|休假|外出"
)
_REPLY_HEADERS = (
    *("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-autoreply-from"),
    *("x-mail-autoreply", "x-auto-reply-from", "x-autogenerated", "x-fc-machinegenerated"),
    *("x-vacation", "x-cron-env"),
)
_LIST_HEADERS = (
    *("list-id", "list-unsubscribe", "list-post", "list-help", "list-subscribe", "list-owner"),
    *("list-archive", "mailing-list", "x-mailing-list", "x-beenthere", "x-list", "x-listname"),
    *("x-mailman-version", "list-unsubscribe-post", "x-loop-list", "x-ezmlm"),
)
_NO_ANSWER = re.compile(
    r"(?i)^(?:mailer-?daemon|postmaster|owner-.*|.*-owner|.*-request|.*-bounces?(?:[+=].*)?|"
    r"listserv|majordomo|"
    r"(?:do-?_?not-?_?|no-?_?)reply(?:[+._-].*)?|.*[._-]no-?reply|bounces?(?:[+=-].*)?|nobody)$"
)
DELIVERY_STATUS = frozenset(("message/delivery-status", "message/global-delivery-status"))
_FIRST_WORDS = 4000


def classify(
    head: Head, tree: Tree, body: Body, from_: Address, return_path: str | None, subject: str
) -> Auto:
    """Which kind of author, by the precedence of the contract."""
    types = {leaf.type for leaf in tree.leaves}
    report = tree.root.get("report-type").lower() if tree.root_type == "multipart/report" else ""
    if report == "feedback-report" or "message/feedback-report" in types:
        return "feedback"
    if _is_bounce(head, tree, report, body, from_, return_path, subject):
        return "bounce"
    if _is_reply(head, types, report, body, subject):
        return "auto-reply"
    if any(name in head.fields for name in _LIST_HEADERS) or _precedence(head) in (
        "bulk",
        "list",
        "junk",
    ):
        return "list"
    sender = head.first("sender").lower()
    if b"owner-" in sender or b"-bounces@" in sender or (return_path or "").startswith("owner-"):
        return "list"
    return "no"


def may_not_answer(head: Head, auto: Auto, from_: Address, return_path: str | None) -> bool:
    """RFC 3834 section 2: whether no automatic answer may go out to this mail."""
    local = from_.address.rpartition("@")[0] or from_.address
    back = (return_path or "").rpartition("@")[0]
    return (
        auto != "no"
        or return_path == ""
        or not from_.address
        or bool(_NO_ANSWER.match(local) or (back and _NO_ANSWER.match(back)))
        or _suppressed(head)
    )


def _suppressed(head: Head) -> bool:
    value = head.first("x-auto-response-suppress").strip().lower()
    return bool(value) and value != b"none"


def is_daemon(author: Address) -> bool:
    """Whether mail systems, and hardly a person, write under this name."""
    local = author.address.rpartition("@")[0] or author.address
    return _DAEMON.match(local) is not None or _DAEMON_NAME.search(author.name) is not None


def _is_bounce(
    head: Head,
    tree: Tree,
    report: str,
    body: Body,
    from_: Address,
    return_path: str | None,
    subject: str,
) -> bool:
    types = {leaf.type for leaf in tree.leaves}
    whole = tree.root_type == "multipart/report"
    if report == "delivery-status" or "x-failed-recipients" in head.fields:
        return True
    daemon = is_daemon(from_) or b"<>" in head.first("from").replace(b" ", b"")
    submitted = head.first("auto-submitted").strip().lower()
    answered = submitted.startswith(b"auto-replied")
    machine = daemon or return_path == "" or submitted.startswith(b"auto-")
    if types & DELIVERY_STATUS and not report:
        return machine or whole
    if report == "disposition-notification" or not machine:
        return False
    about = _BOUNCE_SUBJECT.match(subject) is not None
    words = _BOUNCE_WORDS.search(body.text[:_FIRST_WORDS]) is not None
    if daemon:
        if report or about or words:
            return True
        return return_path == "" and not answered and "message/rfc822" in types
    if return_path == "" and not _REPLY_SUBJECT.match(subject):
        return about or (words and not answered)
    return about and not subject.lower().startswith(("re:", "fw"))


def _is_reply(head: Head, types: set[str], report: str, body: Body, subject: str) -> bool:
    submitted = head.first("auto-submitted").split(b";")[0].split(b"(")[0].strip().lower()
    if submitted and submitted != b"no":
        return True
    if report == "disposition-notification" or "message/disposition-notification" in types:
        return True
    for name in _REPLY_HEADERS:
        if name in head.fields and head.first(name).strip().lower() not in (b"no", b"false"):
            return True
    if _precedence(head) in ("auto_reply", "auto-reply", "autoreply"):
        return True
    if b"autoresponder" in head.first("x-post-messageclass").lower():
        return True
    if head.first("delivered-to").strip().lower() == b"autoresponder":
        return True
    if _REPLY_SUBJECT.match(subject):
        return True
    absent = _ABSENT_SUBJECT.match(subject) is not None
    return absent and _ABSENT_BODY.search(body.text[:_FIRST_WORDS]) is not None


def _precedence(head: Head) -> str:
    return head.first("precedence").decode("ascii", "replace").split(";")[0].strip().lower()
