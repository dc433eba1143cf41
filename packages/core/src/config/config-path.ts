/** Where a value stands in a document: keys of maps and indexes of lists, from the top. */
export type ConfigPath = readonly (string | number)[];

/** As people write it: `discovery_service.aws[0].tags."my key"`. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${/^[\w*:/-]+$/.test(step) ? step : JSON.stringify(step)}`;
  }
  return text;
}
