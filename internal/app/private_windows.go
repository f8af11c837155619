package app

// privacyChecked says that this system tells who may write a directory.
const privacyChecked = false

// othersMayWrite is not known on Windows, where access lists decide.
func othersMayWrite(string) (bool, error) { return false, nil }
