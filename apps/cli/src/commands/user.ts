import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type Command, Option } from 'commander';
import { configPath } from '@muster/core/config/load-config';
import type { MusterConfig } from '@muster/core/config/model';
import { readTextFile } from '@muster/core/config/source/read-text-file';
import { type Role, ROLES } from '@muster/core/control/access/role';
import { dropUser, faultOfUserName, parseUsers, putUser } from '@muster/core/control/access/users-file';
import { messageOf } from '@muster/core/runtime/errors';
import { hashPassword } from '@muster/core/runtime/password-hash';
import { commandActor } from '../act-by-command.ts';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { examplesText } from '../examples-text.ts';
import { withLedger } from '../open-ledger.ts';
import { writeNamedFile } from '../write-named-file.ts';

/** A shorter one is guessed. */
const SHORTEST_PASSWORD = 12;

/** `muster user`: the users of the console, in the file that `muster.console.users_file` names. */
export function addUserCommand(program: Command, context: CommandContext): void {
  const user = program
    .command('user')
    .description('users of the console, in muster.console.users_file')
    .addHelpText('after', examplesText('muster user add ann --role operator'));
  user
    .command('add <name>')
    .description(
      'add a user, or give one another password and role; the password is asked for, or read from standard input',
    )
    .addOption(new Option('--role <role>', 'what the user may do').choices(ROLES).makeOptionMandatory())
    .addHelpText(
      'after',
      examplesText(
        'muster user add ann --role operator',
        'openssl rand -base64 18 | muster user add ci --role viewer',
      ),
    )
    .action(async (name: string, { role }: { readonly role: Role }) => {
      const fault = faultOfUserName(name);
      if (fault !== null) throw new CommandError(EXIT.usage, `${JSON.stringify(name)} ${fault}`);
      const { config, path } = usersOf(context);
      const text = textOf(path);
      const hash = await hashPassword(await readPassword());
      write(path, putUser(text, { name, role, hash }));
      process.stdout.write(`${name} may sign in as ${role}; schedulers that run take it up within seconds\n`);
      await note(config, context, name, `added, or changed, as ${role}`);
      context.exit(EXIT.ok);
    });
  user
    .command('remove <name>')
    .description('remove a user; the sessions of the user end')
    .addHelpText('after', examplesText('muster user remove ann'))
    .action(async (name: string) => {
      const { config, path } = usersOf(context);
      const text = dropUser(textOf(path), name);
      if (text === null) {
        throw new CommandError(EXIT.failed, `there is no user ${JSON.stringify(name)} in ${path}`);
      }
      write(path, text);
      process.stdout.write(`${name} is no user any more\n`);
      await note(config, context, name, 'removed');
      context.exit(EXIT.ok);
    });
}

function usersOf(context: CommandContext): { readonly config: MusterConfig; readonly path: string } {
  const config = readConfig(context.env, context.configOption());
  const { usersFile } = config.console;
  if (usersFile === null) {
    throw new CommandError(
      EXIT.config,
      'the configuration names no users file: write muster.console.users_file, such as users, and try again',
    );
  }
  const folder = dirname(configPath(context.configOption(), context.env));
  return { config, path: resolve(folder, usersFile) };
}

/** Empty for a file that is not there yet. A file that cannot be read as one of users is left alone. */
function textOf(path: string): string {
  const reading = readTextFile(path);
  if (!reading.ok && reading.code === 'ENOENT') return '';
  if (!reading.ok) throw new CommandError(EXIT.failed, `${path} ${reading.problem}`);
  const users = parseUsers(reading.text);
  if (!users.ok) throw new CommandError(EXIT.failed, `${path}, line ${users.line}, ${users.problem}`);
  return reading.text;
}

function write(path: string, text: string): void {
  try {
    writeNamedFile(path, text, 0o600);
  } catch (error) {
    throw new CommandError(EXIT.failed, `${path}: ${messageOf(error)}`);
  }
}

/** Of a terminal twice and unseen, else the first line of standard input. */
async function readPassword(): Promise<string> {
  const password = process.stdin.isTTY ? await askUnseen() : await readFirstLine();
  if (password.length < SHORTEST_PASSWORD) {
    throw new CommandError(EXIT.usage, `a password has at least ${SHORTEST_PASSWORD} characters`);
  }
  return password;
}

async function askUnseen(): Promise<string> {
  const first = await readUnseen('Password: ');
  if (first !== (await readUnseen('Once more: '))) {
    throw new CommandError(EXIT.usage, 'the two are not the same: nothing was changed');
  }
  return first;
}

/** Raw mode: the terminal shows nothing of what is typed. */
function readUnseen(question: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  process.stderr.write(question);
  let typed = '';
  const end = (): void => {
    process.stdin.setRawMode(false);
    process.stdin.off('data', take).pause();
    process.stderr.write('\n');
  };
  const take = (bytes: Buffer): void => {
    for (const letter of bytes.toString('utf8')) {
      if (letter === '\r' || letter === '\n') {
        end();
        resolve(typed);
        return;
      }
      if (letter === '\u0003' || letter === '\u0004') {
        end();
        reject(new CommandError(EXIT.failed, 'Nothing was changed.'));
        return;
      }
      if (letter === '\u007f' || letter === '\b') typed = typed.replace(/.$/u, '');
      else typed += letter;
    }
  };
  process.stdin.setRawMode(true);
  process.stdin.on('data', take).resume();
  return promise;
}

async function readFirstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  return '';
}

/** A users file may be written before there is a Redis: the command says that the audit has not heard of it. */
async function note(
  config: MusterConfig,
  context: CommandContext,
  name: string,
  detail: string,
): Promise<void> {
  try {
    await withLedger(config, ({ audit }) =>
      audit.append({
        ...commandActor(context.env),
        act: 'user',
        scope: '',
        dryRun: null,
        basis: null,
        result: 'done',
        detail: `${name}: ${detail}`,
        reason: '',
      }),
    );
  } catch (error) {
    process.stderr.write(`not noted in the audit: ${messageOf(error)}\n`);
  }
}
