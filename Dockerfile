# One image for every process of Muster; the command line is its entry point.
#   docker build -t muster .                         the product
#   docker build -t muster-demo --target demo .      the product with the simulators, for docker-compose.demo.yml
#
# Of the base image only Debian's files are used: Node, pnpm and all packages are held to the hashes of the lockfiles. The base is
# named by a tag, and a tag can be moved. Muster keeps no digest of it (docs/decisions/0034-image-and-compose.md says why). Where
# you pin, name what you have checked; `docker buildx imagetools inspect node:24-bookworm-slim` shows the digest:
#   docker build --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:… -t muster .
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

# What runs and nothing else: no development packages, and of packages no declarations, source maps and builds for browsers.
FROM packages AS product-packages
COPY scripts/image/prune-packages.js /opt/
RUN pnpm install --frozen-lockfile --prod --filter '@muster/cli...' \
  && node /opt/prune-packages.js node_modules \
  && rm -r apps/console apps/demo packages/aws-sim packages/teleport-sim packages/testing

FROM packages AS demo-packages
COPY scripts/image/prune-packages.js /opt/
RUN pnpm install --frozen-lockfile --prod --filter '@muster/cli...' --filter '@muster/demo...' \
  && node /opt/prune-packages.js node_modules

# tctl and tbot of your cluster's release, where the build is told to: docs/deploy/compose.md. Else they are mounted.
FROM ${NODE_IMAGE} AS teleport
ARG TELEPORT_VERSION=
ARG TELEPORT_SHA256=
ARG TELEPORT_URL=
COPY scripts/image/fetch-teleport.js /opt/
RUN node /opt/fetch-teleport.js /opt/teleport "${TELEPORT_VERSION}" "${TELEPORT_SHA256}" "${TELEPORT_URL}"

# The base's own Node, npm and yarn are not used, and are more than half of it.
FROM ${NODE_IMAGE} AS debian
RUN rm -rf /usr/local/* /opt/* /root/.npm /tmp/* && mkdir -p /usr/local/bin

FROM scratch AS system
COPY --from=debian / /
ENV NODE_ENV=production PATH=/app/node_modules/.bin:/usr/local/bin:/usr/bin:/bin
WORKDIR /app

FROM system AS demo
COPY --from=demo-packages /app ./
COPY apps ./apps
COPY packages ./packages
COPY scripts/image ./scripts/image
COPY --from=console-page /app/apps/console/dist ./apps/console/dist
RUN ln -s /app/apps/cli/bin/muster.js /usr/local/bin/muster \
  && ln -s /app/packages/teleport-sim/bin/tctl /usr/local/bin/tctl \
  && install -d -o node /app/.muster
USER node
ENTRYPOINT ["muster"]

FROM system AS product
COPY --from=product-packages /app ./
COPY --from=teleport /opt/teleport/ /usr/local/bin/
COPY LICENSE ./
COPY apps/cli ./apps/cli
COPY apps/scheduler ./apps/scheduler
COPY --from=console-page /app/apps/console/dist ./apps/console/dist
COPY apps/worker ./apps/worker
COPY packages/api ./packages/api
COPY packages/core ./packages/core
COPY scripts/image/forward-ports.js ./scripts/image/
RUN ln -s /app/apps/cli/bin/muster.js /usr/local/bin/muster
# For tctl and tbot, which are Go's: Debian's slim image has no certificates, and without them no public proxy is trusted. The same authorities
# as Muster's own, Node's, held to the lockfile's hash and written without a network. A base that brings a bundle keeps it.
RUN install -d /etc/ssl/certs && cd /etc/ssl/certs \
  && { [ -s ca-certificates.crt ] || node -p "require('node:tls').rootCertificates.join('\n')" > ca-certificates.crt; }
USER node
# For muster version: docker build --build-arg MUSTER_COMMIT=$(git rev-parse HEAD) …
ARG MUSTER_COMMIT=
# Bind-mounted by docker-compose.yml; MUSTER_CONFIG names another place.
ENV MUSTER_CONFIG=/etc/muster/muster.yaml MUSTER_COMMIT=${MUSTER_COMMIT}
ENTRYPOINT ["muster"]
