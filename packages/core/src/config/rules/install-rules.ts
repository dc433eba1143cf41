import {
  isDocumentName,
  isHostPort,
  isHyphenated,
  isJoinToken,
  isNoProxyList,
  isProxyUrl,
  isScriptName,
} from '../../install/alphabets.ts';
import { RUN_SHELL_SCRIPT } from '../../install/render-install.ts';
import type { InstallSettings } from '../../scan/matcher.ts';
import type { ConfigPath, Report } from '../source/report.ts';
import { either } from './role-rules.ts';
import type { ScriptPins } from './script-pins.ts';
import type { MatcherShape } from '../teleport-schema.ts';

/** Teleport's defaults (`api/types/matchers_aws.go`, `api/types/installers`). */
const DEFAULT_TOKEN = 'aws-discovery-iam-token';
const DEFAULT_SCRIPT = 'default-installer';
const DEFAULT_DOCUMENT = 'TeleportDiscoveryInstaller';

/** What a matcher's installation takes from elsewhere in the configuration. */
export interface InstallDefaults {
  /** `teleport.proxy_server`, the default address of the installer. */
  readonly proxyServer: string | null;
  readonly pins: ScriptPins;
}

/**
 * What is sent to hosts, by Teleport's rules. Whatever reaches a shell is held to the alphabets of
 * `install/alphabets.ts`. Faults are reported; the value is then of no use.
 */
export function checkInstall(
  shape: MatcherShape,
  { proxyServer, pins }: InstallDefaults,
  report: Report,
): InstallSettings {
  const at = report.within(['install']);
  refuseOtherFlows(shape, report);
  const token = either(
    shape.install?.join_params?.token_name,
    ['join_params', 'token_name'],
    shape.install?.join_token,
    ['join_token'],
    at,
  );
  const method = either(
    shape.install?.join_params?.method,
    ['join_params', 'method'],
    shape.install?.join_method,
    ['join_method'],
    at,
  );
  if (method.value !== null && method.value !== 'iam') {
    at.fault(method.path, 'only IAM joining is supported for EC2 auto-discovery');
  }
  const address = either(
    shape.install?.public_proxy_addr,
    ['public_proxy_addr'],
    shape.install?.proxy_addr,
    ['proxy_addr'],
    at,
  );
  const check = (
    value: string | undefined | null,
    path: ConfigPath,
    allows: (text: string) => boolean,
    message: string,
  ) => {
    if (value === undefined || value === null || value === '') return null;
    if (!allows(value)) at.fault(path, message);
    return value;
  };
  const hyphenated = (key: 'suffix' | 'update_group') =>
    check(
      shape.install?.[key],
      [key],
      isHyphenated,
      `install.${key} can only contain alphanumeric characters and hyphens`,
    );
  const proxy = shape.install?.http_proxy_settings;
  const proxyUrl = (key: 'http_proxy' | 'https_proxy') => {
    const path = ['http_proxy_settings', key];
    if (proxy?.[key]?.includes('@') === true) {
      at.note(path, 'every principal that may read commands in SSM sees its password');
    }
    return check(proxy?.[key], path, isProxyUrl, 'a proxy is given as http://host:port');
  };
  const documentName = checkDocument(shape, report.within(['ssm']));
  const scriptName = checkScript(shape.install?.script_name, at);
  const scriptSha256 = pins.get(scriptName) ?? null;
  if (scriptSha256 !== null && documentName !== RUN_SHELL_SCRIPT) {
    report.fault(
      ['ssm', 'document_name'],
      `muster.install.script_sha256 pins ${scriptName}, and ${documentName} fetches it without comparing: use ${RUN_SHELL_SCRIPT}, or let the document compare and remove the pin`,
    );
  }
  return {
    documentName,
    joinToken:
      check(
        token.value,
        token.path,
        isJoinToken,
        'a token name may hold letters, digits and ._@+=-, and begins with a letter or digit',
      ) ?? DEFAULT_TOKEN,
    scriptName,
    scriptSha256,
    publicProxyAddr:
      check(
        address.value,
        address.path,
        isHostPort,
        'the address is given as host or host:port, without https://',
      ) ??
      proxyServer ??
      '',
    suffix: hyphenated('suffix'),
    updateGroup: hyphenated('update_group'),
    httpProxy: proxyUrl('http_proxy'),
    httpsProxy: proxyUrl('https_proxy'),
    noProxy: check(
      proxy?.no_proxy
        ?.split(',')
        .map((entry) => entry.trim())
        .join(','),
      ['http_proxy_settings', 'no_proxy'],
      isNoProxyList,
      'hosts, domains and networks are given separated by commas',
    ),
  };
}

/** What Teleport can do and Muster cannot: said clearly, never done half. */
function refuseOtherFlows(shape: MatcherShape, report: Report): void {
  const install = shape.install;
  const mode = (install?.enroll_mode ?? '').toLowerCase();
  if (mode === 'eice' || mode === '2') {
    report.fault(
      ['install', 'enroll_mode'],
      'enrolling through EC2 Instance Connect Endpoints is not supported: Muster installs by SSM (write enroll_mode: script, or leave it out)',
    );
  } else if (!['', 'script', '0', '1'].includes(mode)) {
    report.fault(
      ['install', 'enroll_mode'],
      `invalid enroll mode ${JSON.stringify(install?.enroll_mode)}: script is the one Muster knows`,
    );
  }
  if ((shape.integration ?? '') !== '') {
    report.fault(
      ['integration'],
      'AWS OIDC integrations are not supported: Muster uses the AWS credentials of its own environment. Remove the key, and give the worker a role',
    );
  }
  if (install?.install_teleport === false) {
    report.fault(
      ['install', 'install_teleport'],
      'agentless enrollment (install_teleport: false) is not supported: Muster installs an agent on every host',
    );
  }
  if (install?.sshd_config !== undefined) {
    report.note(['install', 'sshd_config'], 'ignored: only agentless enrollment reads it');
  }
  if (install?.install_concurrency_limit !== undefined) {
    report.note(
      ['install', 'install_concurrency_limit'],
      'ignored: it is for Azure and GCP; see muster.limits',
    );
  }
}

function checkScript(name: string | undefined, report: Report): string {
  if (name === undefined || name === '') return DEFAULT_SCRIPT;
  if (name === 'default-agentless-installer') {
    report.fault(
      ['script_name'],
      'the agentless installer is not supported: Muster installs an agent on every host',
    );
  } else if (!isScriptName(name)) {
    report.fault(
      ['script_name'],
      'an installer name may hold letters, digits and ._-, and begins with a letter or digit',
    );
  }
  return name;
}

function checkDocument(shape: MatcherShape, report: Report): string {
  const name = shape.ssm?.document_name ?? '';
  if (name === '') {
    if (!report.isFaulted(['document_name'])) {
      report.note(
        ['document_name'],
        `not set: Teleport's default ${DEFAULT_DOCUMENT} is used, which must exist in every account and region; ${RUN_SHELL_SCRIPT} exists everywhere`,
      );
    }
    return DEFAULT_DOCUMENT;
  }
  // Amazon's own documents have an ARN too; we know the one by its name.
  const plain = /^arn:aws[\w-]*:ssm:[\w-]*::document\/(AWS-[\w-]+)$/.exec(name)?.[1] ?? name;
  if (!isDocumentName(plain)) {
    report.fault(['document_name'], "a document's name has 3 to 128 letters, digits and _-.:/");
  } else if (plain.startsWith('AWS-') && plain !== RUN_SHELL_SCRIPT) {
    report.fault(
      ['document_name'],
      `${plain} does not take what an installation needs: use ${RUN_SHELL_SCRIPT}, or a document of your own`,
    );
  } else if (plain === 'TeleportAgentlessDiscoveryInstaller') {
    report.fault(
      ['document_name'],
      'the agentless document is not supported: Muster installs an agent on every host',
    );
  }
  return plain;
}
