// First: it says in which order the layers of all other style sheets win.
import './styles/base.css';
import './styles/controls.css';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { watchAttention } from './api/attention.ts';
import { followChanges } from './api/live.ts';
import { isPassing, problemOf } from './api/problem.ts';
import { sessionQuery } from './api/queries.ts';
import { createConsoleRouter } from './router.tsx';

const FRESH_MS = 5_000;
const TRIES = 2;

const client = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      // The session has ended: the shell asks who is signed in, and shows the sign-in.
      if (problemOf(error)?.status === 401 && query.queryKey[0] !== 'session') {
        void client.invalidateQueries({ queryKey: ['session'] });
      }
    },
  }),
  defaultOptions: {
    // Browsers take a machine without the internet for one without a network; the scheduler is mostly near.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: FRESH_MS,
      retry: (failures, error) => isPassing(error) && failures < TRIES,
      // A list that is asked again with other filters keeps its rows until the new ones are there.
      placeholderData: (before: unknown) => before,
    },
  },
});

watchAttention();
// Not only when the shell is drawn: the answer is on its way meanwhile.
void client.prefetchQuery(sessionQuery);
followChanges(client);
const place = document.getElementById('root');
if (place === null) throw new Error('index.html has no place for the console.');
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={createConsoleRouter(client)} />
    </QueryClientProvider>
  </StrictMode>,
);
