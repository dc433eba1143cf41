# One image for every process of Muster; the command line is its entry point.
#   docker build -t muster .                         the product
#   docker build -t muster-demo --target demo .      the product with the simulators, for docker-compose.demo.yml
FROM node:24-bookworm-slim AS packages
WORKDIR /app
# The manifests first: the layer of packages is built anew only when one of them changes.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY apps/cli/package.json apps/cli/
COPY apps/demo/package.json apps/demo/
COPY apps/scheduler/package.json apps/scheduler/
COPY apps/worker/package.json apps/worker/
COPY packages/aws-sim/package.json packages/aws-sim/
COPY packages/core/package.json packages/core/
COPY packages/teleport-sim/package.json packages/teleport-sim/
COPY packages/testing/package.json packages/testing/

FROM packages AS product-packages
RUN npx -y pnpm@12.21.0 install --frozen-lockfile --prod --filter '@muster/cli...' \
  && rm -r apps/demo packages/aws-sim packages/teleport-sim packages/testing

FROM packages AS demo-packages
RUN npx -y pnpm@12.21.0 install --frozen-lockfile --prod --filter '@muster/cli...' --filter '@muster/demo...'

FROM node:24-bookworm-slim AS demo
ENV NODE_ENV=production
WORKDIR /app
COPY --from=demo-packages /app ./
COPY apps ./apps
COPY packages ./packages
RUN ln -s /app/apps/cli/bin/muster.js /usr/local/bin/muster \
  && ln -s /app/packages/teleport-sim/bin/tctl /usr/local/bin/tctl \
  && install -d -o node /app/.muster
USER node
ENTRYPOINT ["muster"]

FROM node:24-bookworm-slim AS product
ENV NODE_ENV=production
WORKDIR /app
COPY --from=product-packages /app ./
COPY LICENSE ./
COPY apps/cli ./apps/cli
COPY apps/scheduler ./apps/scheduler
COPY apps/worker ./apps/worker
COPY packages/core ./packages/core
RUN ln -s /app/apps/cli/bin/muster.js /usr/local/bin/muster
USER node
# Bind-mounted by docker-compose.yml; MUSTER_CONFIG names another place.
ENV MUSTER_CONFIG=/etc/muster/muster.yaml
ENTRYPOINT ["muster"]
