/** An E.164 number in the groups that people read it in; anything else as it came. */
const GROUPS: [RegExp, string][] = [
  [/^\+1(\d{3})(\d{3})(\d{4})$/, '+1 $1 $2 $3'],
  [/^\+44(7\d{3})(\d{6})$/, '+44 $1 $2'],
  [/^\+44(20)(\d{4})(\d{4})$/, '+44 $1 $2 $3'],
  [/^\+44(\d{4})(\d{5,6})$/, '+44 $1 $2'],
  [/^\+86(1\d{2})(\d{4})(\d{4})$/, '+86 $1 $2 $3'],
  [/^\+86(10|2\d)(\d{4})(\d{4})$/, '+86 $1 $2 $3'],
  [/^\+(3[0-469]|4[013-9]|5[1-8]|6[0-6]|7|81|82|84|9[0-58]|2[07])(\d{2,3})(\d{3})(\d+)$/, '+$1 $2 $3 $4'],
]

export function spaced(address: string): string {
  for (const [form, groups] of GROUPS) if (form.test(address)) return address.replace(form, groups)
  return address
}
