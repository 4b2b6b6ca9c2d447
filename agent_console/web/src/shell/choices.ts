/**
 * The keys of a group of choices (WAI-ARIA APG, "Radio Group" and "Tabs"): one stop for Tab, arrows go round.
 *
 * `v-choices` stands on the element with role=radiogroup or tablist. An arrow also makes the choice,
 * unless that is carried out at once or leads away from the group (`v-choices.manual`): then only
 * Space and Enter do.
 */
import type { Directive } from 'vue'

const BY: Partial<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

const choicesOf = (group: Element) => [...group.querySelectorAll<HTMLElement>(':is([role=radio], [role=tab]):not(:disabled)')]
const made = (choice: Element) => (choice.getAttribute('aria-checked') ?? choice.getAttribute('aria-selected')) === 'true'

/** Tab stops where the focus is, else at what is chosen, else at the first. */
function settle(group: Element, focused: EventTarget | null = document.activeElement): void {
  const choices = choicesOf(group)
  const stop = choices.find((one) => one === focused) ?? choices.find(made) ?? choices[0]
  for (const one of choices) one.tabIndex = one === stop ? 0 : -1
}

function turn(event: KeyboardEvent, chooses: boolean): void {
  const by = BY[event.key]
  if (by === undefined || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return
  const choices = choicesOf(event.currentTarget as Element)
  const at = choices.findIndex((one) => one === event.target)
  const next = choices[(at + by + choices.length) % choices.length]
  if (at < 0 || !next) return
  event.preventDefault()
  next.focus()
  if (chooses) next.click()
}

export const vChoices: Directive<HTMLElement, void, 'manual'> = {
  mounted(group, { modifiers }) {
    group.addEventListener('keydown', (event) => turn(event, !modifiers.manual))
    group.addEventListener('focusin', (event) => settle(group, event.target))
    group.addEventListener('focusout', (event) => settle(group, event.relatedTarget))
    settle(group)
  },
  updated: (group) => settle(group),
}
