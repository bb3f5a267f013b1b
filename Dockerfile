# One image for web, worker, beat and migrate; docker-compose.yml names the command of each.
FROM node:22-slim AS static
WORKDIR /kpr
COPY package.json package-lock.json build-static.mjs ./
RUN npm ci --omit=dev --no-audit --no-fund && npm run build

FROM python:3.13-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /kpr
# Without the embedded servers.
COPY requirements-server.lock ./
RUN pip install --disable-pip-version-check --require-hashes -r requirements-server.lock
COPY . .
COPY --from=static /kpr/static/vendor static/vendor
# "test" makes keys of its own for this one command; they are thrown away below.
RUN KPR_ENVIRONMENT=test KPR_DATA_DIR=/tmp/build python manage.py collectstatic --no-input --verbosity 0 \
    && if ls locale/*/LC_MESSAGES/django.po >/dev/null 2>&1; then pybabel compile -D django -d locale; fi \
    && rm -rf /tmp/build \
    && useradd --system --home-dir /kpr kpr && install -d -o kpr /data
ENV KPR_DATA_DIR=/data
USER kpr
EXPOSE 8000
CMD ["gunicorn", "-c", "gunicorn.conf.py", "-b", "0.0.0.0:8000"]
