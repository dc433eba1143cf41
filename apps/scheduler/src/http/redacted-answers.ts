import type { RequestHandler } from 'express';
import type { Redact } from '@muster/core/runtime/redaction';

/**
 * Takes known secrets out of every JSON answer, Bull Board's included: it shows the messages and stacks of failed jobs,
 * which others have written.
 */
export function redactAnswers(redact: Redact): RequestHandler {
  return (_request, response, next) => {
    response.json = (body) => {
      const text = JSON.stringify(body, (_name, value: unknown) =>
        typeof value === 'string' ? redact(value) : value,
      );
      return response.type('application/json').send(text);
    };
    next();
  };
}
