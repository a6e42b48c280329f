package inspect

const packages = false
