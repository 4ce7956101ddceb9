# Sightline in a container. Listening beyond the container needs a password; set it once, into the volume:
#
#   docker compose run --rm sightline password --data /data
#   docker compose up -d
#
# FFmpeg and x264 come from Debian: whoever passes this image on passes on GPL parts (see README.md, "Licence").

FROM debian:12 AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl make git \
 && curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --default-toolchain 1.95.0
ENV PATH=/root/.cargo/bin:$PATH SIGHTLINE_CACHE=/cache
WORKDIR /src
# Set-up first: it changes seldom, takes longest, and stays in the layer cache.
COPY scripts scripts
COPY tests/browser/package.json tests/browser/package-lock.json tests/browser/
COPY tests/api/requirements.txt tests/api/
RUN scripts/setup run
COPY . .
RUN scripts/build

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl libavcodec59 libavdevice59 libavformat59 libavutil57 libswscale6 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-log-init --home-dir /data --create-home sightline
COPY --from=build /src/dist/sightline /usr/local/bin/sightline
# ONNX Runtime (MIT) with its licences, where set-up could have it.
COPY --from=build /src/dist/lib /usr/local/lib/sightline
USER sightline
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD curl -fsS http://127.0.0.1:8080/api/health || exit 1
ENTRYPOINT ["sightline"]
CMD ["serve", "--data", "/data", "--config", "/data/sightline.toml", "--listen", "0.0.0.0:8080"]
