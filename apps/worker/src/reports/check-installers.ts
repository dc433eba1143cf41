import { failed, passed, warned, type Check } from '@muster/core/reports/doctor/check';
import { judgeInstallerScript, type ScriptJudgment } from '@muster/core/reports/doctor/teleport-checks';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import type { InstallSettings } from '@muster/core/scan/matcher';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { ReportDeps } from './report-part.ts';

/** Fetches every installer that some matcher sends, from where hosts fetch it. */
export async function checkInstallers(ctx: JobContext, deps: ReportDeps): Promise<readonly Check[]> {
  const used = new Map(
    deps.config.matchers.map(({ install }) => [
      `https://${install.publicProxyAddr}/webapi/scripts/installer/${install.scriptName}`,
      install,
    ]),
  );
  const checks: Check[] = [];
  for (const [url, install] of used) checks.push(await checkInstaller(url, install, ctx, deps));
  return checks;
}

async function checkInstaller(
  url: string,
  { publicProxyAddr, scriptName, scriptSha256 }: InstallSettings,
  ctx: JobContext,
  deps: ReportDeps,
): Promise<Check> {
  try {
    const answer = await deps.teleport.fetchInstaller(publicProxyAddr, scriptName, ctx.signal);
    return checkOf(judgeInstallerScript(answer, scriptSha256), url, scriptName);
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (!isJobError(error)) throw error;
    return failed(
      'installer',
      'installer-unreachable',
      deps.redact(messageOf(error)),
      `Check the address that hosts use (install.public_proxy_addr), DNS and the network: curl ${url}`,
      { subject: url },
    );
  }
}

function checkOf(judgment: ScriptJudgment, url: string, scriptName: string): Check {
  const place = { subject: url };
  const { detail } = judgment;
  switch (judgment.kind) {
    case 'sane':
      return passed('installer', detail, place);
    case 'changed':
      return failed(
        'installer',
        'installer-changed',
        detail,
        `Hosts run nothing (exit code 121). Read it: curl ${url} — if it is meant to be so (an upgrade of the cluster changes it too), put the new figure into muster.install.script_sha256; if not, find out who changed it: tctl get installer/${scriptName}`,
        place,
      );
    case 'missing':
      return failed(
        'installer',
        'installer-missing',
        detail,
        `Create it (kind: installer, metadata.name: ${scriptName}): tctl create -f installer.yaml; or correct install.script_name. tctl get installers lists them.`,
        place,
      );
    case 'unreachable':
      return failed(
        'installer',
        'installer-unreachable',
        detail,
        `Look at the proxy’s log; try: curl ${url}`,
        place,
      );
    case 'doubtful':
      return warned(
        'installer',
        'installer-not-a-script',
        detail,
        `Begin the installer with "#!/bin/sh" or "#!/usr/bin/env bash": tctl edit installer/${scriptName}`,
        place,
      );
    case 'not-a-script':
      return failed(
        'installer',
        'installer-not-a-script',
        detail,
        `Hosts would run this as root. See what answers: curl ${url} — a login page in front of the proxy must let this path through; otherwise fix it: tctl edit installer/${scriptName}`,
        place,
      );
    default:
      return judgment satisfies never;
  }
}
