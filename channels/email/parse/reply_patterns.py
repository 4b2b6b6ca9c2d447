"""How mail clients of many languages mark quotes, forwards and signatures. Patterns only."""

from __future__ import annotations

import re

DASHES = "-_—–─=*~ \t\u3000>"
"""What stands around the words of a separator line."""

PREFIX = " \t*_|\u3000"
"""What may stand before and after a header's name, in bold or in a table of text."""

ATTRIBUTION = re.compile(
    r"""(?ix) ^ \s* (?:
      on \b .{4,400} \b wrote
    | at \b .{6,400} \b wrote
    | am \b .{4,400} \b schrieb .{0,200}
    | le \b .{4,400} \b a \s+ [ée]crit
    | el \b .{4,400} \b escribi[óo]
    | il \b .{4,400} \b ha \s+ scritto
    | (?:em|a|no \s dia) \b .{4,400} \b escreveu
    | op \b .{4,400} \b schreef .{0,200}
    | den \b .{4,400} \b skrev .{0,200}
    | (?:w \s dniu|dnia) \b .{4,400} \b (?:napisał|pisze|napisał\(a\)|napisała) .{0,80}
    | dne \b .{4,400} \b napsal .{0,80}
    | (?:在|於|于) .{2,400} (?:写道|寫道)
    | \d{4} \s? [年년/.-] .{4,300} (?:<[^<>\s]+@[^<>\s]+>|작성)
    ) \s* [:：] \s* $"""
)
"""One whole line, or a few joined with spaces: who wrote when, told by its first word."""

LOOSE_ATTRIBUTION = re.compile(
    r"""(?ix) ^ \s* (?:
      .{2,300} (?:<[^<>\s]+@[^<>\s]+>|\[[^\s]*@[^\s]*\]|\d{4}) .{0,120} \b wrote
    | .{1,120} \s <?[^<>\s]+@[^<>\s]+>? \s* wrote
    | .{3,300} \b schrieb \s+ am \b .{4,120}
    | .{2,120} [<@] .{2,120} \b schrieb
    | .{6,400} \b (?:написал|пишет|пише|написав) (?:\(а\)|а|\(ла\))? .{0,80}
    | .{6,400} \b (?:şunu|şunları) \s+ yazdı
    | .{6,400} \b kirjoitti .{0,80}
    | .{6,400} > \s+ (?:napisał(?:\(a\)|a)? | pisze) .{0,80}
    | .{2,12} \d .{4,400} \b odesílatel \s .{1,200} napsal(?:\(a\)|a)?
    | vào \b .{4,400} \b đã \s+ viết | pada \b .{4,400} \b menulis
    | .{4,400} \b έγραψε .{0,80} | (?:on|în|la) \b .{4,400} \b a \s+ scris
    | ใน.{4,400} เขียนว่า
    | .{6,400} \b ezt \s+ írta .{0,80}
    | (?: .{0,300} (?:@|\d{4}) .{1,200} | (?!\d) .{1,20} ) (?:写道|寫道|寫到|写到)
    | .{2,400} (?:は書きました|のメール)
    | .{4,300} <[^<>\s]+@[^<>\s]+> \s* (?:님이 \s* 작성)
    ) \s* [:：] \s* $"""
)
"""The same, told only by its end: what stands above it may be somebody's words."""

ATTRIBUTION_AND_WORDS = re.compile(
    r"(?i)^\s*on\b.{8,200}\b\d{4}\b.{2,200}<[^<>\s]+@[^<>\s]+> wrote:\s+\S"
)
"""One whose quote goes on in its line, as some phones write; strong enough to stand alone."""

MARKED_ATTRIBUTION = re.compile(
    r"(?ix) ^ \s* (?= .{0,300} \d ) .{2,300} <[^<>\s]+@[^<>\s]+> .{0,40} [:：] \s* $"
)
"""The same in any language: a number and an address, believed only where marked lines follow."""

DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks of reading direction, which clients put around names in text that runs leftwards."""

SEPARATOR = re.compile(
    r"""(?ix) (?:
      original \s+ (?:message|email|mail|appointment) | replied \s+ message | reply \s+ message
    | urspr[üu]e?ngliche \s+ (?:nachricht|mail|e-mail) | original-?\s?nachricht
    | message \s+ d['’]origine | message \s+ original | mensaje \s+ original
    | messaggio \s+ originale | mensagem \s+ original | oorspronkelijk \s+ bericht
    | ursprungligt \s+ meddelande | originalmeddelande | oprindelig \s+ meddelelse
    | opprinnelig \s+ melding | alkuperäinen \s+ viesti | wiadomość \s+ oryginalna
    | oryginalna \s+ wiadomość | původní \s+ (?:zpráva|e-mail) | исходное \s+ сообщение
    | orijinal \s+ (?:ileti|mesaj)
    | 原始邮件 | 原邮件 | 邮件原件 | 原始信件 | 原始郵件 | 原郵件 | 原始訊息 | 回复的原?邮件
        | 回覆的原?郵件
    | on \s .{8,100} \s wrote | (?:在|于|於) .{6,100} (?:写道|寫道)
    | 元のメッセージ | 元のメール | オリジナルメッセージ | 원본 \s* 메시지 | 원본 \s* 메일
    )"""
)
"""The words of a line between dashes that begins a quote."""

REPLY_ABOVE = re.compile(
    r"""(?ix) [-#=*_—–~<>\[( ]{2,30} (?:
      (?:please \s+)? (?:(?:type|write|enter) \s+ your \s+ (?:reply|response|answer)|reply|respond)
        \s+ (?:above|over) \s+ this \s+ line
    | (?:bitte \s+)? (?:antworten|(?:(?:geben|schreiben) \s+ sie \s+)?
        (?:ihre \s+)? antwort) .{0,20} (?:über|oberhalb)
        \s+ dies(?:er|e) \s+ (?:linie|zeile) .{0,20}
    | (?:veuillez \s+)? (?:répondre|écrire) .{0,30} au-dessus \s+ de \s+ cette \s+ ligne
    | (?:por \s+ favor,? \s+)? (?:escriba|responda) .{0,30} (?:por \s+ encima|arriba)
        \s+ de \s+ esta \s+ línea
    | (?:请|請) .{0,10} (?:此|这|這|本) .{0,2} [行线線] .{0,4} [上前]
        .{0,20} (?:回复|回覆|答复|輸入|输入) .{0,6}
    ) [-#=*_—–~<>\]) .!。]{2,30}"""
)
"""The line that help desks put above what they send, so that answers can be cut at it."""

FORWARD_DASHED = re.compile(
    r"""(?ix) (?:
        forwarded \s+ (?:message|mail|email) | begin \s+ forwarded \s+ message
      | forwarded \s+ by .{0,120} | weitergeleitete \s+ (?:nachricht|mail|e-mail)
      | message \s+ (?:transf[ée]r[ée]|transmis) | (?:mensaje|correo) \s+ reenviado
      | messaggio \s+ inoltrato | mensagem \s+ (?:encaminhada|reencaminhada)
      | doorgestuurd \s+ bericht | vidarebefordrat \s+ meddelande | videresendt \s+ (?:melding
        |besked)
      | przekazana \s+ wiadomość | wiadomość \s+ przekazana | přeposlaná \s+ zpráva
      | пересылаемое \s+ (?:сообщение|письмо) | переадресованное \s+ сообщение
      | 转发的?(?:邮件|消息|信息|郵件)(?:信息)? | 轉寄的?(?:郵件|信件|訊息)(?:內容)? | 轉寄郵件
      | 転送されたメッセージ | 転送メッセージ | 전달된 \s* (?:메시지|메일)
      | iletilen \s+ (?:ileti|mesaj)
    ) \s* [:：]?"""
)
"""The words of a line between dashes that begins a forwarded mail."""

FORWARD = re.compile(
    r"""(?ix) (?:
      begin \s+ forwarded \s+ message | anfang \s+ der \s+ weitergeleiteten \s+ (?:nachricht|e-mail)
    | d[ée]but \s+ du \s+ message \s+ (?:r[ée]exp[ée]di[ée]|transf[ée]r[ée])
    | inicio \s+ del \s+ mensaje \s+ reenviado | inizio \s+ messaggio \s+ inoltrato
    | in[íi]cio \s+ da \s+ mensagem \s+ (?:reencaminhada|encaminhada)
    | begin \s+ doorgestuurd \s+ bericht | 开始转发的?邮件 | 以下是转发的?邮件 | 開始轉寄郵件
    | 转发的邮件 | 轉寄的郵件 | 転送されたメッセージ | 아래는 \s 전달된 \s 메시지
    | начало \s+ переадресованного \s+ сообщения
    ) \s* [:：]?"""
)
"""A whole line without dashes that begins a forwarded mail."""

_FROM = (
    r"from|von|de|da|van|från|fra|od|от|від|kimden|lähettäjä|feladó|expéditeur|remitente|mittente|"
    r"发件人|寄件人|寄件者|发送人|發件人|差出人|送信者|送信元|보낸 \s? 사람|보낸이"
)
_SENT = (
    r"sent|gesendet|envoyé|enviad[oa](?:\s+el|\s+em)?|inviato|verzonden|skickat|sendt|lähetetty|"
    r"wysłano|odesláno|отправлено|gönderil(?:en|di)|发送时间|发送日期|发件时间|已发送|發送時間|"
    r"發送日期|傳送時間|傳送日期|已傳送|寄件日期|送信日時|보낸 \s? 날짜"
)
_DATE = rf"{_SENT}|date|datum|fecha|data|дата|tarih|päivämäärä|时间|日[ \u3000]*期|日時|날짜"
_OTHER = (
    rf"{_DATE}|to|cc|bcc|subject|reply-to|an|betreff|kopie|à|objet|copie|para|asunto|oggetto|a|per|"
    r"aan|onderwerp|till|ämne|til|emne|assunto|do|temat|dw|кому|тема|копия|kime|konu|bilgi|"
    r"vastaanottaja|aihe|komu|předmět|发送|收[ ]?件[ ]?人|"
    r"抄[ \u3000]*送|抄送人|主[ \u3000]*题|主題|主旨|標題|标题|收件者|副本|密送|宛先|件名|"
    r"받는 \s? 사람|참조|제목|importance|attachments?|附件|重要性|priority"
)
HEADER_FROM = re.compile(rf"(?ix) (?:{_FROM}) [ *_]{{0,8}} [:：|] .*? [^\s*_|]")
HEADER_OTHER = re.compile(rf"(?ix) (?:{_OTHER}) [ *_]{{0,8}} [:：|]")
HEADER_DATE = re.compile(rf"(?ix) (?:{_DATE}) [ *_]{{0,8}} [:：|]")
HEADER_SENT = re.compile(
    rf"""(?ix) (?:{_SENT}) [ *_]{{0,8}} [:：|] .* \d{{4}} (?:
      \D .*? \d{{1,2}} \s? [:：h点點时時] \s? \d{{2}} | [ ,] \D* \d{{1,2}} \. \d{{2}} \s* $ )"""
)
"""When it was sent, to the minute, under a name that only mail has for it."""

HEADER_SUBJECT = re.compile(
    r"(?ix) (?:subject|betreff|objet|asunto|oggetto|onderwerp|ämne|emne|assunto|temat|тема|konu|"
    r"aihe|předmět|主[ \u3000]*题|主題|主旨|標題|标题|件名|제목) [ *_]{0,8} [:：|]"
)

RULE = re.compile(r"^\s*(?:[-_—–─=*]\s?){8,}\s*$")

FORWARD_SUBJECT = re.compile(
    r"(?i)^\s*(?:\[[^\]]{0,40}\]\s*)*(?:fwd?|wg|tr|rv|enc|doorst|vs|vb|i|pd|转发|轉寄|轉發|"
    r"転送|전달|"
    r"fs|ilt|fyi)\s*[:：]"
)

SENT_FROM = re.compile(
    r"""(?ix) [*_>\[(]{0,4} (?:
      sent \s+ (?: from \s+ (?:my|mail|a|an) \s .{2,80} | (?:from|via|with|using) \s+
        \[? (?: (?-i:[A-Z].|myMail) | iphone | ipad | icloud | mobile | phone | android | outlook
        | samsung ) .{0,80} )
    | get \s+ \[? outlook \s+ for \s+ (?:ios|android|mac|windows|mobile|iphone|ipad).{0,20}
    | yahoo \s+ mail: \s+ search, .{4,30}
    | (?:von|vom) \s+ mein(?:em|er) \s+ .{2,40} \s gesendet | gesendet \s+ (?:von|mit
        |über) \s+ .{2,60}
    | outlook \s+ für \s+ .{2,20} \s (?:beziehen|holen)
    | diese \s+ nachricht \s+ wurde \s+ von \s+ mein.{2,60} gesendet .{0,10}
    | envoy[ée] \s+ (?:de(?:puis)?|à \s+ partir \s+ d[e']) \s* .{2,60}
        | t[ée]l[ée]charge[rz] \s+ outlook .{2,40}
    | enviado \s+ (?:desde|a \s+ partir \s+ d[oe]|do|de|via|con) \s+ .{2,60}
        | obtener \s+ outlook .{2,40}
    | inviato \s+ da(?:l|lla)? \s* .{2,60}
    | (?:verzonden|verstuurd) \s+ (?:vanaf|met|via|vanuit) \s+ .{2,60}
    | skickat \s+ från \s+ .{2,60} | sendt \s+ fra \s+ .{2,60} | lähetetty \s+ .{2,60}
    | wysłane \s+ z \s* .{2,60} | odesláno \s+ z \s* .{2,60} | отправлено \s+ (?:с|из
        |через) \s+ .{2,60}
    | iphone'?umdan \s+ gönderildi | .{2,30} \s cihazımdan \s+ gönderildi
    | (?:发自|發自|发送自|寄自|来自|來自|傳送自) \s* (?:我的|于|Windows|Outlook|Foxmail|网易
        |QQ|iPhone|iPad|Android|
        新浪|华为|小米|Yahoo|手机|Mail|Samsung|三星|OPPO|vivo|HUAWEI|Xiaomi|Redmi|荣耀
        |HONOR|飞书|阿里|钉钉|企业微信|腾讯|搜狐|139|126|163|189|263|Spark|Nine|Gmail|BlueMail)
        .{0,60}
    | (?:由|從|从) \s* (?:我的)? .{2,40} \s* (?:傳送|发送|發送|寄出)
    | 获取 \s* .{0,30} outlook .{0,40}
    | 使用 \s* .{2,40} \s* 发送 | .{2,30} から送信 | (?:나의|내) \s* .{2,30} 에서 \s* 보냄
    ) [\s*_.\])。]{0,6}"""
)

APPS = re.compile(
    r"(?i)phone|ipad|mobile|android|samsung|galaxy|huawei|pixel|blackberry|tablet|device|laptop|"
    r"mail|outlook|windows|spark|superhuman|telstra|wireless|handy|mobil|gerät|appareil|"
    r"手机|邮箱|客户端"
)
"""Devices and programs that a line of `SENT_FROM` names; people tell of places."""

MASTER_SIGNATURE = re.compile(r"^\s*签名由.{2,20}定制\s*$")
"""The last line of the table that NetEase's client puts under a mail; all of it is a signature."""

SIGNATURE = re.compile(r"^\s{0,3}--\s?$|^—\s*$|^__\s*$")

LIST_FOOTER = re.compile(
    r"(?i)(?:mailing list|unsubscribe|to unsubscribe|list info|listinfo|google groups|退订|"
    r"取消订阅)"
)
