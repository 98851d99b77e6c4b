package winrm

// mayCreate checks the quotas of a new shell; Server.mu must be held.
func (s *Server) mayCreate(user *account) error {
	own := 0
	users := map[*account]bool{}
	for _, sh := range s.shells {
		users[sh.owner] = true
		if sh.owner == user {
			own++
		}
	}
	if own >= s.cfg.Quotas.MaxShellsPerUser {
		return newFault(codeQuotaShells, "The WS-Management service cannot process the request. This user is allowed a maximum number of %d concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user.", s.cfg.Quotas.MaxShellsPerUser)
	}
	if !users[user] && len(users) >= s.cfg.Quotas.MaxConcurrentUsers {
		return newFault(codeQuotaUsers, "The WS-Management service cannot process the request. The maximum number of concurrent shell users is %d, which has been exceeded. Retry later.", s.cfg.Quotas.MaxConcurrentUsers)
	}
	return nil
}

// operationBegins takes a place in the user's operation quota, if one is left.
func (s *Server) operationBegins(user *account) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	used := s.underWay[user]
	for _, sh := range s.shells {
		if sh.owner == user {
			used += sh.started
		}
	}
	if used >= s.cfg.Quotas.MaxConcurrentOperationsPerUser {
		return newFault(codeQuotaOperations, "The WS-Management service cannot process the request. This user is allowed a maximum number of %d concurrent operations, which has been exceeded. Close existing operations for this user, or raise the quota for this user.", s.cfg.Quotas.MaxConcurrentOperationsPerUser)
	}
	s.underWay[user]++
	return nil
}

// operationEnds gives the place back.
func (s *Server) operationEnds(user *account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.underWay[user]--; s.underWay[user] == 0 {
		delete(s.underWay, user)
	}
}

// reserve accounts for memory of a command.
func (s *Server) reserve(cmd *command, bytes int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes > 0 && cmd.shell.memory+bytes > int64(s.cfg.Quotas.MaxMemoryPerShellMB)<<20 {
		s.stats.memoryRefused.Add(1)
		return ErrShellMemory
	}
	bytes = max(bytes, -cmd.memory)
	cmd.memory += bytes
	cmd.shell.memory += bytes
	return nil
}
