# The image of Weir: one binary, the C library and the roots of trust.
#   docker build -t weir:dev .
# `make image` does the same, and makes both base images from local packages where
# no registry can be reached (scripts/base-image.sh).
ARG BUILDER=golang:1.26-bookworm
ARG RUNTIME=gcr.io/distroless/base-debian12:nonroot

FROM ${BUILDER} AS build
LABEL weir.stage=build
WORKDIR /src
# A builder from scripts/base-image.sh has no tool chain and brings /out along,
# compiled on the host; the final stage is the same for both.
COPY go.mod go.sum ./
RUN [ -d /out ] || go mod download
COPY . .
ARG VERSION=dev
RUN [ -d /out ] || { mkdir -p /out/bin /out/data && \
    CGO_ENABLED=1 go build -tags disable_grpc_modules -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/bin/processor ./cmd/processor; }

FROM ${RUNTIME}
ARG VERSION=dev
LABEL org.opencontainers.image.title=weir \
      org.opencontainers.image.description="Exactly-once stream processing for Kafka" \
      org.opencontainers.image.source=https://github.com/weirstream/weir \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=${VERSION}
COPY --from=build /out/bin/processor /usr/local/bin/processor
# Numbers, not names: Kubernetes can tell that this user is not root only so.
COPY --from=build --chown=65532:65532 /out/data /var/lib/weir
USER 65532:65532
ENV WEIR_DATA_DIR=/var/lib/weir
VOLUME /var/lib/weir
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/processor"]
CMD ["run"]
