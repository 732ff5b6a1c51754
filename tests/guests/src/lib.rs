//! Components that do on request what hosts must cope with, for the end-to-end tests of hosts. Each
//! is an example of this package, which has nothing else.
