import type { Kind, Line, TargetWord } from './journal.ts';

/** What a chaos run has shown. */
export interface Verdict {
  readonly counts: Readonly<Record<string, number>>;
  /** Final words, by kind and code. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** What must not be, in words. */
  readonly violations: readonly string[];
}

interface Story {
  readonly kind: Kind;
  readonly process: string;
  end: Extract<Line, { line: 'end' }> | undefined;
  /** Executions, by machine. */
  readonly ran: Map<string, number>;
}

/**
 * Holds what senders were told against what providers did.
 * @param killed processes of senders that were ended without a word: what they had in flight nobody was told of
 */
export function judge(lines: readonly Line[], killed: ReadonlySet<string>): Verdict {
  const stories = new Map<string, Story>();
  for (const line of lines)
    if (line.line === 'start')
      stories.set(line.id, { kind: line.kind, process: line.process, end: undefined, ran: new Map() });
  const violations: string[] = [];
  for (const line of lines) {
    if (line.line === 'start') continue;
    const story = stories.get(line.id);
    if (story === undefined) violations.push(`${line.id}: ${line.line} without a start`);
    else if (line.line === 'end') story.end = line;
    else story.ran.set(line.machine, (story.ran.get(line.machine) ?? 0) + 1);
  }
  const outcomes: Record<string, number> = {};
  const counts = { requests: stories.size, executions: 0, attempts: 0, orphaned: 0, lost: 0, duplicated: 0, wrong: 0 };
  for (const [id, story] of stories) {
    for (const times of story.ran.values()) counts.executions += times;
    counts.attempts += story.end?.attempts ?? 1;
    if (story.end === undefined && killed.has(story.process)) counts.orphaned += 1;
    const name = `${story.kind} ${story.end?.how ?? 'nobody told'}`;
    outcomes[name] = (outcomes[name] ?? 0) + 1;
    for (const { what, why } of faultsOf(story, killed)) {
      counts[what] += 1;
      violations.push(`${id} (${story.kind}): ${why}`);
    }
  }
  return { counts, outcomes, violations };
}

interface Fault {
  readonly what: 'lost' | 'duplicated' | 'wrong';
  readonly why: string;
}

function* faultsOf(story: Story, killed: ReadonlySet<string>): Generator<Fault> {
  const { kind, end, ran } = story;
  const runs = [...ran.values()].reduce((sum, times) => sum + times, 0);
  for (const [machine, times] of ran)
    if (times > 1) yield { what: 'duplicated', why: `${machine} ran it ${times} times` };
  if (kind !== 'fan' && ran.size > 1) yield { what: 'duplicated', why: `${[...ran.keys()].join(' and ')} ran it` };
  if (end === undefined) {
    if (!killed.has(story.process)) yield { what: 'lost', why: 'its sender never had a final word' };
    return;
  }
  if (kind === 'fan') return yield* fanFaults(end.targets ?? [], ran);
  if (end.how === 'wrong answer') yield { what: 'wrong', why: 'the answer is not that of this request' };
  if (end.how === 'completed' && runs === 0) yield { what: 'lost', why: 'it is called completed, and nobody ran it' };
  // The last word on a keyed request is about the last attempt; what may have run is settled by the key.
  if (kind === 'keyed') {
    if (!['completed', 'result_unknown', 'wrong answer'].includes(end.how))
      yield { what: 'lost', why: `after ${end.attempts} attempts it is still ${end.how}` };
  } else if (end.retrySafe && runs > 0) yield { what: 'wrong', why: `${end.how} is safe to retry, and it ran` };
}

function* fanFaults(targets: readonly TargetWord[], ran: ReadonlyMap<string, number>): Generator<Fault> {
  const heard = new Set<string>();
  for (const { machine, how, retrySafe } of targets) {
    if (machine !== '' && heard.has(machine)) yield { what: 'wrong', why: `two final words of ${machine}` };
    heard.add(machine);
    const runs = ran.get(machine) ?? 0;
    if (how === 'wrong answer') yield { what: 'wrong', why: `${machine} gave the answer of another request` };
    if (how === 'completed' && runs === 0)
      yield { what: 'lost', why: `${machine} is said to have run it, and has not` };
    if (retrySafe && runs > 0) yield { what: 'wrong', why: `${machine}: ${how} is safe to retry, and it ran` };
  }
}
