// Package interop runs programs that lifeboat did not write against what
// lifeboat promises to others: AsyncAPI's own parser and a JavaScript schema
// validator on the contract in events/, and a JavaScript client on the bus.
// The programs are in the folder js, pinned by its lock file.
//
// What this package is not: it holds no code of the product, only tests; and
// it installs nothing. `npm ci` in js does that, once.
package interop
