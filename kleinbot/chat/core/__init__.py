"""What every feature on Discord uses: the client, routing of components, shared views and text."""
