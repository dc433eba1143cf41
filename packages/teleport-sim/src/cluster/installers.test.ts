import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { ClusterIdentity } from './cluster-identity.ts';
import {
  breakInstaller,
  DEFAULT_INSTALLER_TEMPLATE,
  FAILING_INSTALLER,
  renderInstaller,
} from './installers.ts';

const identity: ClusterIdentity = {
  clusterName: 'c',
  publicAddr: 'teleport.example.com:443',
  serverVersion: '18.5.1',
  edition: 'ent',
  automaticUpgrades: true,
};
const sound = renderInstaller(DEFAULT_INSTALLER_TEMPLATE, identity, '');

function syntaxCheck(script: string): number | null {
  return spawnSync('sh', ['-n'], { input: script }).status;
}

describe('the default installer', () => {
  it('is a sound shell script with every field filled in', () => {
    expect(syntaxCheck(sound.script)).toBe(0);
    expect(sound.script).not.toMatch(/\{\{|\}\}/);
    expect(sound.script).toContain('PROXY_ADDR="teleport.example.com:443"');
    expect(sound.script).toContain('--teleport-package=teleport-ent --repo-channel=stable/v18');
    expect(sound.script).toContain('--auto-upgrade=true');
    expect(sound.exitCode).toBe(0);
  });

  it('stops at a syntax error when it is broken', () => {
    const broken = breakInstaller(sound);

    expect(syntaxCheck(broken.script)).toBe(broken.exitCode);
    expect(sound.script.startsWith(broken.script)).toBe(true);
  });

  it('exits as it says when it fails', () => {
    expect(spawnSync('sh', { input: FAILING_INSTALLER.script }).status).toBe(FAILING_INSTALLER.exitCode);
  });
});

describe('a custom installer', () => {
  it('tells the simulated hosts how it ends', () => {
    expect(renderInstaller('#!/bin/sh\n# sim-exit: 42\nexit 42\n', identity, '')).toMatchObject({
      exitCode: 42,
    });
  });

  it('has unknown fields emptied', () => {
    expect(renderInstaller('a{{ .Nothing }}b', identity, '').script).toBe('ab');
  });
});
