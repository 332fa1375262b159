//! The main job from the window, step by step.
