//! Which install names macOS itself provides.
