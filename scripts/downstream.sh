#!/usr/bin/env bash
# Builds and tests examples/downstream against the packaged crate, not against this folder.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -f target/proof/downstream-crate
folder=target/downstream
rm -rf "$folder"
mkdir -p "$folder" target/proof

cargo package --no-verify --allow-dirty --quiet --target-dir "$folder/package"
crate=$(ls "$folder"/package/package/vestibule-*.crate)
tar -xzf "$crate" -C "$folder"
unpacked=$PWD/$folder/$(basename "$crate" .crate)

# A copy of the app outside its folder can use only the packaged crate.
cp -r examples/downstream "$folder/app"
from_crate=(--config "patch.crates-io.vestibule.path='$unpacked'")
app=(--manifest-path "$folder/app/Cargo.toml" --target-dir target)
cargo fmt --check --manifest-path "$folder/app/Cargo.toml"
cargo test "${from_crate[@]}" "${app[@]}"

echo 'downstream-crate ok' >target/proof/downstream-crate
cat target/proof/downstream-crate
