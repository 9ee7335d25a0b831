"""What each resource can do, has promised, and has left."""
