FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No dependency needs an install script, and the project's own would build what is not here yet.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund
# What npm keeps and nothing here loads, 40 MB: TypeScript, a peer of tRPC for its types, and libsql for musl.
RUN rm -rf node_modules/typescript node_modules/@typescript node_modules/.bin/tsc node_modules/@libsql/*-musl
# Here rather than below, where no step runs: a volume takes the owner of the folder it covers.
RUN mkdir data

FROM node:24-slim
LABEL org.opencontainers.image.title="Personas API" \
      org.opencontainers.image.description="Simulated users for tests of chatbots and agents: REST, tRPC and OpenAPI" \
      org.opencontainers.image.licenses="MIT"
# HOST makes the service want API_KEYS, or ALLOW_UNAUTHENTICATED=true. With glibc's many arenas, bursts of
# large uploads hold about 90 MB more.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=build /app/package.json ./
# What /openapi.json and /docs serve.
COPY openapi.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build --chown=node:node /app/data /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# In exec form, so that SIGTERM reaches the service: give it 75 s (docker stop -t 75) to finish portraits.
ENTRYPOINT ["node", "dist/main.js"]
