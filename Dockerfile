# One image; what an instance runs is its command:
#   API                  node services/api/main.ts (the default)
#   ingest-cost-events   node functions/ingest-cost-events.ts
#   check-budgets        node functions/check-budgets.ts
#   deliver-alerts       node functions/deliver-alerts.ts
FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`: it refuses a lockfile without other platforms' optional binaries.
RUN npm install --omit=dev --no-audit --no-fund && npm cache clean --force
COPY bigquery bigquery
COPY functions functions
COPY services services
COPY src src
USER node
EXPOSE 8080
CMD ["node", "services/api/main.ts"]
