/** A Markdown table; cells are escaped, and empty ones show as a dash. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`);
  return lines.join('\n');
}

function cell(text: string): string {
  return text === '' ? '–' : text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');
}

export function code(text: string | number): string {
  return `\`${text}\``;
}

export function hexByte(value: number): string {
  return code(`0x${value.toString(16).padStart(2, '0')}`);
}
