import { isDeviceName, isServiceType, QconnError, SERVICE_TYPES_PER_DEVICE_MAX } from '@qconn/protocol';
import { tracedHandler } from '../tracing/trace-job.ts';
import { wrongArgument } from '../wrong-argument.ts';
import { JOB_CONCURRENCY, JOB_CONCURRENCY_MAX, type Handler, type Provision } from './job.ts';

/** A device to provide. */
export interface DeviceOptions {
  readonly device: string;
  readonly serviceTypes: readonly string[];
  /** Jobs that may run at once, 1 … 10,000. Default 64. */
  readonly concurrency?: number | undefined;
}

/** @throws QconnError `bad_address` for malformed names, `too_large`, `invalid_request` */
export function provisionOf(options: DeviceOptions, handler: Handler): Provision {
  if (typeof options !== 'object' || options === null)
    throw wrongArgument('The device', 'an object such as { device, serviceTypes }', options);
  const { device, serviceTypes, concurrency = JOB_CONCURRENCY } = options;
  if (typeof device !== 'string') throw wrongArgument('device', 'the name of the device', device);
  if (!isDeviceName(device)) throw new QconnError('bad_address', `${JSON.stringify(device)} is no device name.`);
  if (!Array.isArray(serviceTypes)) throw wrongArgument('serviceTypes', 'a list of texts', serviceTypes);
  if (serviceTypes.length === 0)
    throw new QconnError('bad_address', `The device ${device} needs at least one service type.`);
  const bad: unknown = serviceTypes.find((type: unknown) => typeof type !== 'string' || !isServiceType(type));
  if (bad !== undefined)
    throw new QconnError('bad_address', `${JSON.stringify(bad)} is no service type of the device ${device}.`);
  if (typeof handler !== 'function') throw wrongArgument('The handler', 'a function', handler);
  if (serviceTypes.length > SERVICE_TYPES_PER_DEVICE_MAX)
    throw new QconnError('too_large', `A device has at most ${SERVICE_TYPES_PER_DEVICE_MAX} service types.`);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > JOB_CONCURRENCY_MAX)
    throw new QconnError('invalid_request', `The concurrency is a whole number, 1 … ${JOB_CONCURRENCY_MAX}.`);
  return { device, serviceTypes: [...serviceTypes], concurrency, handler: tracedHandler(handler) };
}
