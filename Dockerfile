# One image; what an instance runs is its command:
#   API                  node services/api/main.ts (the default)
#   ingest-cost-events   node functions/ingest-cost-events.ts
#   check-budgets        node functions/check-budgets.ts
#   deliver-alerts       node functions/deliver-alerts.ts
#   detect-anomalies     node functions/detect-anomalies.ts
#   detect-error-patterns node functions/detect-error-patterns.ts
#   publish-business-metrics node functions/publish-business-metrics.ts
FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`: it refuses a lockfile without other platforms' optional binaries.
RUN npm install --omit=dev --no-audit --no-fund && npm cache clean --force
# `yes` for Cloud Profiler, with the variable CLOUD_PROFILER=yes beside it; it is compiled here, against the image's own Node.
ARG CLOUD_PROFILER=no
RUN if [ "$CLOUD_PROFILER" = yes ]; then \
      apt-get update && apt-get install -y --no-install-recommends g++ make python3 && \
      npm_config_nodedir=/usr/local npm install --no-save --omit=dev --no-audit --no-fund @google-cloud/profiler@8.1.0 && \
      npm cache clean --force && apt-get purge -y --auto-remove g++ make python3 && rm -rf /var/lib/apt/lists/*; \
    fi
COPY bigquery bigquery
COPY functions functions
COPY services services
COPY src src
USER node
EXPOSE 8080
CMD ["node", "services/api/main.ts"]
