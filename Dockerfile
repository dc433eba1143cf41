# One image for every process of Muster; the command line is its entry point.
#   docker build -t muster .                         the product
#   docker build -t muster-demo --target demo .      the product with the simulators, for docker-compose.demo.yml
#
# The base image is named by a tag, and a tag can be moved: Muster keeps no digest of it, because one that is kept is one that
# misses the base's security fixes until somebody raises it. Where you pin, name what you have checked:
#   docker build --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:… -t muster .
# (`docker buildx imagetools inspect node:24-bookworm-slim` shows the digest.) pnpm, all packages and the Node that runs are held to hashes: it is
# the lockfile's, not the base's.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS packages
COPY scripts/bootstrap/pnpm /opt/pnpm
RUN npm ci --prefix /opt/pnpm --ignore-scripts --no-audit --no-fund \
  && ln -s /opt/pnpm/node_modules/@pnpm/exe.linux-*/pnpm /usr/local/bin/pnpm
WORKDIR /app
# The manifests first: the layer of packages is built anew only when one of them changes.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY apps/cli/package.json apps/cli/
COPY apps/console/package.json apps/console/
COPY apps/demo/package.json apps/demo/
COPY apps/scheduler/package.json apps/scheduler/
COPY apps/worker/package.json apps/worker/
COPY packages/api/package.json packages/api/
COPY packages/aws-sim/package.json packages/aws-sim/
COPY packages/core/package.json packages/core/
COPY packages/teleport-sim/package.json packages/teleport-sim/
COPY packages/testing/package.json packages/testing/

# The console's page: static files, of which nothing but the result goes into an image.
FROM packages AS console-page
RUN pnpm install --frozen-lockfile --filter '@muster/console'
COPY tsconfig.base.json ./
COPY apps/console ./apps/console
RUN pnpm --filter '@muster/console' run build

FROM packages AS product-packages
RUN pnpm install --frozen-lockfile --prod --filter '@muster/cli...' \
  && rm -r apps/console apps/demo packages/aws-sim packages/teleport-sim packages/testing

FROM packages AS demo-packages
RUN pnpm install --frozen-lockfile --prod --filter '@muster/cli...' --filter '@muster/demo...'

FROM ${NODE_IMAGE} AS demo
ENV NODE_ENV=production PATH=/app/node_modules/.bin:$PATH
WORKDIR /app
COPY --from=demo-packages /app ./
COPY apps ./apps
COPY packages ./packages
COPY --from=console-page /app/apps/console/dist ./apps/console/dist
RUN ln -s /app/apps/cli/bin/muster.js /usr/local/bin/muster \
  && ln -s /app/packages/teleport-sim/bin/tctl /usr/local/bin/tctl \
  && install -d -o node /app/.muster
USER node
ENTRYPOINT ["muster"]

FROM ${NODE_IMAGE} AS product
ENV NODE_ENV=production PATH=/app/node_modules/.bin:$PATH
WORKDIR /app
COPY --from=product-packages /app ./
COPY LICENSE ./
COPY apps/cli ./apps/cli
COPY apps/scheduler ./apps/scheduler
COPY --from=console-page /app/apps/console/dist ./apps/console/dist
COPY apps/worker ./apps/worker
COPY packages/api ./packages/api
COPY packages/core ./packages/core
RUN ln -s /app/apps/cli/bin/muster.js /usr/local/bin/muster
USER node
# For muster version: docker build --build-arg MUSTER_COMMIT=$(git rev-parse HEAD) …
ARG MUSTER_COMMIT=
# Bind-mounted by docker-compose.yml; MUSTER_CONFIG names another place.
ENV MUSTER_CONFIG=/etc/muster/muster.yaml MUSTER_COMMIT=${MUSTER_COMMIT}
ENTRYPOINT ["muster"]
