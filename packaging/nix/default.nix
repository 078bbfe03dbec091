# nix-build packaging/nix: static, with musl. For the GNU C library of nixpkgs, dynamic: --arg static false
{ pkgs ? import <nixpkgs> { }, static ? true }:
let
  inherit (if static then pkgs.pkgsStatic else pkgs) rustPlatform;
  manifest = (pkgs.lib.importTOML ../../Cargo.toml).package;
in
rustPlatform.buildRustPackage {
  pname = manifest.name;
  inherit (manifest) version;
  src = pkgs.lib.cleanSource ../..;
  cargoLock.lockFile = ../../Cargo.lock;
  # The tests want util-linux's tools and namespaces, which the sandbox has not: see .ci/run.
  doCheck = false;
  nativeBuildInputs = [ pkgs.buildPackages.gzip ];
  # A prefix of its own is what each package has here: bin and share go to its top.
  installPhase = ''
    runHook preInstall
    built=$(dirname "$(find target -path '*/release/unshare' -type f)")
    bash packaging/install "$built" "$out" ""
    runHook postInstall
  '';
  meta = {
    inherit (manifest) description;
    license = with pkgs.lib.licenses; [ mit asl20 ];
    platforms = pkgs.lib.platforms.linux;
    mainProgram = "unshare";
    # Before util-linux's, where both are installed.
    priority = 4;
  };
}
