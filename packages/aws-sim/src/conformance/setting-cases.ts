import {
  GetServiceSettingCommand,
  ResetServiceSettingCommand,
  UpdateServiceSettingCommand,
} from '@aws-sdk/client-ssm';
import { type CaseDetails, type ConformanceCase, INVALID, OK } from './case.ts';

const HOST_MANAGEMENT = '/ssm/managed-instance/default-ec2-instance-management-role';
const ROLE = 'service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole';
/** The third of the world: no other case reads the settings of this one. */
const REGION = 'ap-east-1';
const ARN = `arn:aws:ssm:${REGION}:100000000002:servicesetting${HOST_MANAGEMENT}`;

function get(
  behavior: string,
  source: ConformanceCase['source'],
  SettingId: string | undefined,
  expect: ConformanceCase['expect'],
  more: CaseDetails = {},
): ConformanceCase {
  return {
    api: 'ssm:GetServiceSetting',
    behavior,
    source,
    call: ({ ssm }) => ssm.send(new GetServiceSettingCommand({ SettingId })),
    expect,
    ...more,
  };
}

function update(
  behavior: string,
  source: ConformanceCase['source'],
  SettingId: string | undefined,
  SettingValue: string | undefined,
  expect: ConformanceCase['expect'],
): ConformanceCase {
  return {
    api: 'ssm:UpdateServiceSetting',
    behavior,
    source,
    region: REGION,
    call: ({ ssm }) => ssm.send(new UpdateServiceSettingCommand({ SettingId, SettingValue })),
    expect,
  };
}

/** SSM: the settings of an account and region. They run in this order: the later ones see what the earlier ones set. */
export const SETTING_CASES: readonly ConformanceCase[] = [
  get('SettingId missing', 'model', undefined, INVALID),
  get('valid: default host management is off', 'docs', HOST_MANAGEMENT, OK, {
    output: { ServiceSetting: { SettingValue: '$None', Status: 'Default' } },
  }),
  get('valid: by ARN', 'docs', ARN, OK, {
    region: REGION,
    inWorldOnly: true,
    output: { ServiceSetting: { SettingId: HOST_MANAGEMENT, ARN } },
  }),
  get("another region's ARN", 'assumed', ARN, ['ServiceSettingNotFound', 400], { inWorldOnly: true }),
  get('not there', 'model', '/ssm/nothing', ['ServiceSettingNotFound', 400]),
  update('SettingValue missing', 'model', HOST_MANAGEMENT, undefined, INVALID),
  update('no role name', 'assumed', HOST_MANAGEMENT, '$None', INVALID),
  update('not there', 'model', '/ssm/nothing', ROLE, ['ServiceSettingNotFound', 400]),
  update('valid', 'docs', HOST_MANAGEMENT, ROLE, OK),
  {
    api: 'ssm:ResetServiceSetting',
    behavior: 'not there',
    source: 'model',
    region: REGION,
    call: ({ ssm }) => ssm.send(new ResetServiceSettingCommand({ SettingId: '/ssm/nothing' })),
    expect: ['ServiceSettingNotFound', 400],
  },
  {
    api: 'ssm:ResetServiceSetting',
    behavior: 'valid: switched on, seen, and off again',
    source: 'docs',
    region: REGION,
    call: async ({ ssm }) => {
      await ssm.send(new UpdateServiceSettingCommand({ SettingId: ARN, SettingValue: ROLE }));
      const { ServiceSetting } = await ssm.send(new GetServiceSettingCommand({ SettingId: ARN }));
      const reset = await ssm.send(new ResetServiceSettingCommand({ SettingId: ARN }));
      return { ...reset, before: [ServiceSetting?.SettingValue, ServiceSetting?.Status] };
    },
    expect: OK,
    output: { before: [ROLE, 'Customized'], ServiceSetting: { SettingValue: '$None', Status: 'Default' } },
  },
];
