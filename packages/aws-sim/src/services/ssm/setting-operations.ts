import { authorizeResources } from '../../iam/authorize.ts';
import { ServiceError } from '../../server/service-error.ts';
import { readRequest, required, text } from '../../server/shapes.ts';
import type { Call, OperationTable } from '../../server/simulation.ts';
import { HOST_MANAGEMENT_ROLE, switchHostManagement } from '../../world/host-management.ts';
import { callerAccount } from './node-operations.ts';

const HOST_MANAGEMENT = '/ssm/managed-instance/default-ec2-instance-management-role';
/** What each setting is in an account and region that has not changed it. */
const DEFAULTS: Readonly<Record<string, string>> = {
  [HOST_MANAGEMENT]: '$None',
  '/ssm/parameter-store/default-parameter-tier': 'Standard',
  '/ssm/parameter-store/high-throughput-enabled': 'false',
  '/ssm/documents/console/public-sharing-permission': 'Enable',
  '/ssm/managed-instance/activation-tier': 'standard',
};
const SETTING_ID = required(text({ min: 1, max: 1000 }));

/** A setting that was asked for, by its id or its ARN, once the caller's policy allows it. */
interface AskedSetting {
  readonly id: string;
  readonly arn: string;
  readonly usual: string;
}

/** @throws {ServiceError} no such setting, another place's ARN, or denied for this one */
function findSetting(call: Call, asked: string, action: string): AskedSetting {
  const { accountId } = call.caller.principal;
  const prefix = `arn:${call.sim.world.partition}:ssm:${call.caller.region}:${accountId}:servicesetting`;
  const id = asked.startsWith(`${prefix}/`) ? asked.slice(prefix.length) : asked;
  const usual = Object.hasOwn(DEFAULTS, id) ? DEFAULTS[id] : undefined;
  if (usual === undefined) {
    throw new ServiceError('ServiceSettingNotFound', `Setting with name ${id} was not found.`);
  }
  const arn = `${prefix}${id}`;
  authorizeResources(call.sim.world, call.caller, action, [{ arn }]);
  return { id, arn, usual };
}

function viewOf(call: Call, { id, arn, usual }: AskedSetting): unknown {
  const on = id === HOST_MANAGEMENT ? callerAccount(call).hostManagement?.get(call.caller.region) : undefined;
  return {
    SettingId: id,
    SettingValue: on?.role ?? usual,
    LastModifiedDate: (on === undefined ? call.sim.clock.startedAtMs : on.sinceMs) / 1000,
    LastModifiedUser: on === undefined ? 'System' : call.caller.principal.arn,
    ARN: arn,
    Status: on === undefined ? 'Default' : 'Customized',
  };
}

function getServiceSetting(call: Call, raw: unknown): unknown {
  const input = readRequest('ssm', { SettingId: SETTING_ID }, raw);
  return { ServiceSetting: viewOf(call, findSetting(call, input.SettingId, 'ssm:GetServiceSetting')) };
}

function updateServiceSetting(call: Call, raw: unknown): unknown {
  const input = readRequest(
    'ssm',
    { SettingId: SETTING_ID, SettingValue: required(text({ min: 1, max: 4096 })) },
    raw,
  );
  const setting = requireHostManagement(findSetting(call, input.SettingId, 'ssm:UpdateServiceSetting'));
  // `$None` is what it is while it is off, and no name of a role: ResetServiceSetting switches it off.
  if (!HOST_MANAGEMENT_ROLE.test(input.SettingValue)) {
    throw new ServiceError('ValidationException', `${setting.id}: ${input.SettingValue} is no role name.`);
  }
  switchHostManagement(callerAccount(call), call.caller.region, {
    role: input.SettingValue,
    sinceMs: call.nowMs,
  });
  return {};
}

function resetServiceSetting(call: Call, raw: unknown): unknown {
  const input = readRequest('ssm', { SettingId: SETTING_ID }, raw);
  const setting = requireHostManagement(findSetting(call, input.SettingId, 'ssm:ResetServiceSetting'));
  switchHostManagement(callerAccount(call), call.caller.region, null);
  return { ServiceSetting: viewOf(call, setting) };
}

/** The other settings change nothing in this world, so an attempt to change them is a mistake of the test. */
function requireHostManagement(setting: AskedSetting): AskedSetting {
  if (setting.id === HOST_MANAGEMENT) return setting;
  throw new ServiceError('ValidationException', `${setting.id} cannot be changed in this simulation.`);
}

/** Operations of SSM about the settings of an account and region. */
export const SETTING_OPERATIONS: OperationTable<unknown, unknown> = {
  GetServiceSetting: { handle: getServiceSetting },
  ResetServiceSetting: { handle: resetServiceSetting },
  UpdateServiceSetting: { handle: updateServiceSetting },
};
