import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The console as static files: one chunk per page, nothing inlined, so that the strictest content policy holds. */
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // `img-src 'self'` knows no data URLs.
    assetsInlineLimit: 0,
    // What is bundled goes along with its license: the texts of all packages in the page.
    license: { fileName: 'licenses.md' },
    // Every browser that the console is opened in preloads modules.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What a page may weigh is held by console-weight.int.test.ts of the scheduler, compressed.
    chunkSizeWarningLimit: 1_000,
  },
});
