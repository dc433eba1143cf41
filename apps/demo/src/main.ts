import { demo } from './demo.ts';
import { parseOptions } from './options.ts';

process.exitCode = await demo(parseOptions(process.argv.slice(2)));
