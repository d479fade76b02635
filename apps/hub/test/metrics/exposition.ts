/** A metric as its text exposition shows it. */
export interface Shown {
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Every metric of a text exposition, by name; the bounds of a histogram's buckets are no label of ours. */
export function metricsIn(text: string): Map<string, Shown> {
  const found = new Map<string, Shown>();
  for (const block of text.trim().split('\n\n')) {
    const [, name = '', help = ''] = /^# HELP (\S+) (.*)$/m.exec(block) ?? [];
    const [, type = ''] = /^# TYPE \S+ (\S+)$/m.exec(block) ?? [];
    const labels = new Set([...block.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label));
    labels.delete('le');
    found.set(name, { type, help, labels: [...labels].toSorted() });
  }
  return found;
}

/** The value of one sample, named as in the exposition: `qconn_sessions{status="pending"}`. */
export function sample(text: string, name: string): number | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}
