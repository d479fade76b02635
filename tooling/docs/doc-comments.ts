const DOCUMENTED = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:export const )?(\w+)\s*[:=]/g;

/** The documentation comments of a source's constants and object keys, by name, each as one line. */
export function docComments(source: string): ReadonlyMap<string, string> {
  return new Map([...source.matchAll(DOCUMENTED)].map(([, comment = '', name = '']) => [name, asLine(comment)]));
}

function asLine(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s?/, '').trim())
    .filter((line) => line !== '')
    .join(' ');
}
