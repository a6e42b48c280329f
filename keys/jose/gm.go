package jose

// Names of GM/T 0125-2022 (JSON Web cryptography). The text of the standard could not be read; these are the names in
// public use, and the only place where they stand. Signatures are raw r‖s of 64 octets over SM3(ZA‖M) with the default
// user ID (see docs/divergences.md).
const SM2SM3 Algorithm = "SGD_SM3_SM2" // JWS alg, GM/T 0125.1

// CurveSM2 is the crv of an SM2 key as JWK (GM/T 0125.4).
const CurveSM2 = "SM2-P-256"
