import type { RequestHandler } from 'express';

/**
 * Refuses every method that could change something, whatever a library behind it offers: orders are given by the CLI,
 * until the console knows who its users are.
 */
export const refuseWrites: RequestHandler = (request, response, next) => {
  if (request.method === 'GET' || request.method === 'HEAD') {
    next();
    return;
  }
  response
    .status(405)
    .set('Allow', 'GET, HEAD')
    .json({ error: 'The console only shows. Use the muster command to act.' });
};
