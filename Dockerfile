# syntax=docker/dockerfile:1

ARG RUST_VERSION=1.95

FROM rust:${RUST_VERSION}-slim-bookworm AS build
WORKDIR /src

# Dependencies first, against empty sources: this layer is built again only when they change.
# The manifest may name benches, which have to exist.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src benches \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && for bench in $(sed -n '/^\[\[bench\]\]/,/^$/s/^name = "\(.*\)"/\1/p' Cargo.toml); do \
        echo 'fn main() {}' > "benches/$bench.rs"; \
    done \
    && cargo build --locked --profile dist --bin tokenward \
    && rm -r src benches

COPY . .
# The sources may carry older times than the empty ones that were just built.
RUN touch src/lib.rs src/main.rs \
    && cargo build --locked --profile dist --bin tokenward \
    && install -D -m 0755 target/dist/tokenward /out/tokenward \
    && install -d -m 0700 /out/data


# What the binary needs to run, and nothing it does not use.
FROM debian:bookworm-slim

ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Tokenward" \
      org.opencontainers.image.description="Issues, introspects and, the moment one leaks, revokes API tokens" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# The roots of public certificate authorities, for mail servers and GitHub's keys.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/tokenward /usr/local/bin/tokenward
COPY LICENSE LICENSE-APACHE LICENSE-MIT /usr/share/doc/tokenward/
# The embedded database, the generated secrets and the file mailbox live here.
COPY --from=build --chown=65532:65532 /out/data /var/lib/tokenward

# By number, so that an orchestrator can see that it is not root.
USER 65532:65532
WORKDIR /var/lib/tokenward
VOLUME /var/lib/tokenward
ENV TOKENWARD__SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080

# The first start may have a database to migrate.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/tokenward", "healthcheck"]

ENTRYPOINT ["/usr/local/bin/tokenward"]
CMD ["serve"]
