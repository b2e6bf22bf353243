FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No dependency needs an install script, and the project's own would build sources that are not copied yet.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY console ./console
# The demo personas that the console offers.
COPY scripts ./scripts
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund
# 40 MB that npm keeps and nothing loads: TypeScript, which tRPC wants for its types, and libsql for musl.
RUN rm -rf node_modules/typescript node_modules/@typescript node_modules/.bin/tsc node_modules/@libsql/*-musl
# A volume takes the owner of the folder it covers; the final stage has no RUN that could create one.
RUN mkdir data

FROM node:24-slim
LABEL org.opencontainers.image.title="Personas API" \
      org.opencontainers.image.description="Simulated users for tests of chatbots and agents: REST, tRPC and OpenAPI" \
      org.opencontainers.image.licenses="MIT"
# With this HOST the service requires API_KEYS, or ALLOW_UNAUTHENTICATED=true. With glibc's default number of arenas,
# bursts of large uploads hold about 90 MB more.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=build /app/package.json ./
# Served at /openapi.json and /docs.
COPY openapi.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build --chown=node:node /app/data /data
USER node
VOLUME /data
EXPOSE 3000
# Whether the database answers too. An orchestrator that restarts unhealthy containers should ask /healthz instead.
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# In exec form, so that SIGTERM reaches the service. Give it 75 s (docker stop -t 75) to finish portraits.
ENTRYPOINT ["node", "dist/main.js"]
