import { GetServiceSettingCommand } from '@aws-sdk/client-ssm';
import { HOST_MANAGEMENT_SETTING, type HostManagementPort } from '../organization/host-management.ts';
import { JobError } from '../runtime/errors.ts';
import type { Clients } from './clients.ts';
import type { Identities } from './credentials/identity.ts';
import type { Read } from './read-call.ts';

/** SSM's answer for a setting that is not set: its default, which names no role. */
const NO_ROLE = '$None';

/** Default Host Management Configuration of a target. */
export function createHostManagement(deps: {
  readonly clients: Clients;
  readonly identities: Identities;
  readonly read: Read;
}): HostManagementPort {
  return {
    async isHostManagementOn(access, signal) {
      const action = 'ssm:GetServiceSetting';
      const { ServiceSetting: setting } = await deps.read(
        {
          action,
          accountId: access.accountId,
          region: access.region,
          signal,
          patient: false,
          send: () =>
            deps.clients
              .ssm(access.region)
              .send(new GetServiceSettingCommand({ SettingId: HOST_MANAGEMENT_SETTING })),
        },
        deps.identities.member(access),
      );
      if (setting === undefined) {
        throw new JobError('aws.unavailable', `${action} answered without a setting`, { retry: 'backoff' });
      }
      const role = setting.SettingValue ?? '';
      return setting.Status !== 'Default' && role !== '' && role !== NO_ROLE;
    },
  };
}
