/** `npm run sbom [-- FILE]`: the bill of materials of the product, to FILE or standard output. */
import { writeFile } from 'node:fs/promises';
import { billOfMaterials } from './supply-chain/bill-of-materials.ts';

const [file, ...rest] = process.argv.slice(2);
if (rest.length > 0) {
  process.stderr.write('usage: npm run sbom [-- FILE]\n');
  process.exit(64);
}
const bill = await billOfMaterials();
const text = `${JSON.stringify(bill, null, 2)}\n`;
if (file === undefined) process.stdout.write(text);
else {
  await writeFile(file, text);
  process.stderr.write(`${bill.components.length} components in ${file}\n`);
}
