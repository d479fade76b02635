import { isQconnError, type QconnError } from '@qconn/protocol';
import type { Reply } from './reply.ts';
import { JOB_STATE_HEADER } from './running-job.ts';

/**
 * What a provider knows of a job.
 * - `absent`: it never began there, was refused, or is forgotten: an hour after its end, or earlier if there are many
 * - `running`
 * - `completed`: with the reply that the job gave; without one if the reply was streamed, which is not kept
 * - `failed`: its handler failed; part of the work may have been done
 * - `unknown`: the program stopped while it ran
 */
export type JobReport =
  | { readonly state: 'absent' | 'running' }
  | { readonly state: 'completed'; readonly reply: Reply | undefined }
  | { readonly state: 'failed' | 'unknown'; readonly error: QconnError };

/** Reads the answer to an inquiry. @throws QconnError why there is none */
export async function jobReport(answer: Promise<Reply>): Promise<JobReport> {
  try {
    const reply = await answer;
    const state = reply.headers[JOB_STATE_HEADER];
    return state === 'absent' || state === 'running' ? { state } : { state: 'completed', reply };
  } catch (error) {
    if (isQconnError(error, 'handler_failed')) return { state: 'failed', error };
    if (isQconnError(error, 'answer_gone')) return { state: 'completed', reply: undefined };
    if (isQconnError(error, 'result_unknown')) return { state: 'unknown', error };
    throw error;
  }
}
