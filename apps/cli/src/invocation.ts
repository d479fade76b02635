import { stripVTControlCharacters } from 'node:util';
import type { HubApi } from './api/hub-api.ts';
import { EXIT_FAILED, EXIT_OK } from '@qconn/startup';
import { confirm } from './input/confirm.ts';
import { cardText } from './output/card.ts';
import { type Paint, paintFor } from './output/colour.ts';
import { relativeTime } from './output/relative-time.ts';
import { type Cell, type Column, tableText } from './output/table.ts';
import { openHub } from './profile/hub-access.ts';
import type { Surroundings } from './surroundings.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly profile?: string;
  readonly credential?: string;
  readonly json?: boolean;
}

/** One run of the command line: what it was told, where it prints, and the hub that it talks to. */
export class Invocation {
  readonly surroundings: Surroundings;
  /** Set before the command runs. */
  options: GlobalOptions = {};
  exitCode: number = EXIT_OK;
  #hub: HubApi | undefined;

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings;
  }

  get env(): Surroundings['env'] {
    return this.surroundings.env;
  }

  get json(): boolean {
    return this.options.json === true;
  }

  /** For results. */
  get paint(): Paint {
    return paintFor(this.surroundings.stdout, this.env);
  }

  /** The hub of the chosen profile. @throws QconnError as {@link openHub} */
  async hub(): Promise<HubApi> {
    this.#hub ??= await openHub(this.options, this.env);
    return this.#hub;
  }

  /** Prints a result: the value with --json, else what people read. */
  show(value: unknown, forPeople: () => string): void {
    this.surroundings.stdout.write(this.json ? `${JSON.stringify(value, undefined, 2)}\n` : forPeople());
  }

  /** Says something about the result, beside it. */
  note(text: string): void {
    const { stderr } = this.surroundings;
    stderr.write(`${stderr.isTTY === true ? text : stripVTControlCharacters(text)}\n`);
  }

  table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
    const { stdout } = this.surroundings;
    return tableText(columns, rows, {
      paint: this.paint,
      width: stdout.isTTY === true ? (stdout.columns ?? 80) : undefined,
    });
  }

  card(fields: readonly (readonly [name: string, value: Cell | undefined])[]): string {
    return cardText(fields, this.paint);
  }

  /** A time as people think of it. */
  when(time: string | null): string {
    return relativeTime(time, this.surroundings.now());
  }

  /** Asks unless `yes` answers already. @throws QconnError `usage` where there is nobody to ask */
  async confirmed(question: string, yes: boolean | undefined): Promise<boolean> {
    return yes === true || (await confirm(question, this.surroundings));
  }

  /** What a command does when the answer was no. */
  declined(): void {
    this.note('Nothing was changed.');
    this.exitCode = EXIT_FAILED;
  }

  close(): void {
    this.#hub?.close();
  }
}
