package trouble

// The codes, by the package that raises them first. Add a code here and its row to the README.
const ()
