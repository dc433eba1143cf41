import { z } from 'zod';
import { WorldFile } from './file.ts';

/** The JSON Schema of world files, for editors. Run as a program, this file prints it. */
export function worldJsonSchema(): unknown {
  const schema = z.toJSONSchema(WorldFile, { target: 'draft-2020-12', io: 'input' });
  return JSON.parse(JSON.stringify({ title: 'A world of the simulated AWS Organization', ...schema }));
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(worldJsonSchema(), null, 2)}\n`);
