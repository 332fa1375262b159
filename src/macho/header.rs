//! The Mach-O header and its load commands as byte ranges: for those who must write what goblin only reads.
