import type { Counts } from './steps.ts';

interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/**
 * Counts the tests in vitest's JSON report. A file that could not be loaded has no tests in it and counts as one that
 * failed. Null when the text is no report, or when it holds no test at all: nothing was checked then.
 */
export function countTests(text: string): Counts | null {
  let report: TestReport;
  try {
    report = JSON.parse(text) as TestReport;
  } catch {
    return null;
  }
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length;
  const counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded,
    skipped: report.numPendingTests + report.numTodoTests,
  };
  return counts.passed + counts.failed + counts.skipped === 0 ? null : counts;
}
