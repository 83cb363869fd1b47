(** * Small concrete machines: programs as lists, runs by computation

    KServ on CPU 0 makes the calls of a list, VM 1 the actions of another; registers are a step
    counter, the last input, and a flag.  Used for runs that exist ([Runs.v]) and for refutations
    ([Leaky.v]). *)
From Coq Require Import ZArith List Bool.
From Redoubt.security Require Export Statement.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

Definition word_of (old : Z) (n : input) : Z :=
  match n with
  | Inone => old | Ival v => v | Ires r x _ => if r =? 0 then x else 1000 + r | Iabort => -1
  | Iexit c => 2000 + c | Iirq _ => -2
  end.
Definition reg n (f : file) : Z := nth n (gp f) 0.
Definition s_nxt (p k : Z) (f : file) (w : Z) (n : input) : file :=
  File (reg 0 f + 1 :: word_of (reg 1 f) n :: skipn 2 (gp f)) (ifc f).
Definition s_pc (f : file) : Z := 0.
Definition s_start (i : Z) (l : list Z) : list Z := [0; 0].
Definition s_legal (l : list Z) : bool := true.
(** [h]: KServ's actions, which may depend on its flag; [g]: those of VM [p], on its last input. *)
Definition s_prg (h : list (Z -> act)) (g : Z -> list (Z
    -> act)) (p k : Z) (f : file) (w : Z) : act :=
  if p =? 0 then nth (Z.to_nat (reg 0 f)) h (fun _ => Nop) (reg 2 f)
  else nth (Z.to_nat (reg 0 f)) (g p) (fun _ => Nop) (reg 1 f).
Definition pages := 24.
Definition s_top h g := top_step pages (s_prg h g) s_nxt s_pc s_start s_legal.
Definition s_lab h g := top_lab pages (s_prg h g) s_nxt s_pc s_start s_legal.
Definition s_machine h g := machine pages (s_prg h g) s_nxt s_pc s_start s_legal.

(** A state after boot: [secret] is the random word of VM 1, [flag] KServ's, [c] the content of
    memory. *)
Definition start_with (secret flag c : Z) : state := State
  (fun p => if within 0 23 p then Host else if p =? 23 then Core else Outside) (fun _ _ => c)
  (fun _ => VmRec Absent false [] 0 []) (fun _ _ => Vcpu None false None) (fun _ _ => Context
      (File [] []) None)
  (fun _ _ => Unused) (fun _ => Cpu None false (File [0; 0; flag] [])) (fun _ => 0) 0
  (fun id n => if id =? 1 then secret else 0).

Lemma start_boots a b c : boot (start_with a b c).
Proof.
  repeat split; try reflexivity. cbn. intros p. destruct (within 0 23 p), (p =? 23); auto.
Qed.

(** Everybody but VM 1; VM 1 alone. *)
Definition but1 (p : Z) : bool := negb (p =? 1).
Definition only1 (p : Z) : bool := p =? 1.

Lemma start_but1 a a' b c : alike but1 (start_with a b c) (start_with a' b c).
Proof.
  split.
  - intros _. split; reflexivity.
  - intros id q. split; [exact I|]. intros n. cbn. unfold but1 in q. destruct (id =? 1);
      [discriminate | reflexivity].
Qed.
Lemma start_only1 a b b' c c' : alike only1 (start_with a b c) (start_with a b' c').
Proof. split; [discriminate|]. intros id q. split; [exact I | reflexivity]. Qed.

(** Runs of a machine, as functions. *)
Section Run.
Variables (h : list (Z -> act)) (g : Z -> list (Z -> act)) (step_ : state -> choice -> state).
Fixpoint end_of (cs : list choice) s : state := match cs with [] => s | c :: r => end_of r (step_
    s c) end.
Fixpoint labels_of (cs : list choice) s : list lab :=
  match cs with [] => [] | c :: r => s_lab h g s c :: labels_of r (step_ s c) end.
Lemma run_of cs : forall s, run (s_machine h g step_) s (labels_of cs s) (end_of cs s).
Proof.
  induction cs as [|c r IH]; cbn; intros s; [constructor|]. econstructor;
      [|apply IH]. exists c. auto.
Qed.

Definition sees Q cs s : list event := seen (s_machine h g step_) Q (labels_of cs s).

(** With noninterference, runs that look the same end alike; a machine leaks when two do not. *)
Lemma ends_alike Q cs cs' s t : NI (s_machine h g step_) Q -> boot s -> boot t -> alike Q s t ->
  sees Q cs s = sees Q cs' t -> alike Q (end_of cs s) (end_of cs' t).
Proof. intros N B C A E. exact (N s t _ _ _ _ B C A (run_of cs s) (run_of cs' t) E). Qed.

Lemma leaks Q cs cs' s t : boot s -> boot t -> alike Q s t -> sees Q cs s = sees Q cs' t ->
  ~ alike Q (end_of cs s) (end_of cs' t) -> ~ NI (s_machine h g step_) Q.
Proof. intros B C A E N X. apply N, ends_alike; assumption. Qed.
End Run.

(** KServ is about to make a call of a kind; VM 1's vCPU is about to run. *)
Definition about_to h g (f : call -> bool) s (c : choice) : bool :=
  match c with
  | Go k => negb (inside (cp s k)) && match kserv_act (s_prg h g) s_pc s k with Call x => f x | _
      => false end
  | _ => false
  end.
Definition in_guest (h : list (Z -> act)) (g : Z -> list (Z -> act)) s (c : choice) : bool :=
  match c with Go k => inside (cp s k) | _ => false end.
(** The machine, but at such steps [bad before after] comes out. *)
Definition patched h g (when : state -> choice -> bool) (bad : state -> state
    -> state) s c : state :=
  if when s c then bad s (s_top h g s c) else s_top h g s c.

(** VM 1 with two private pages (ipa 0 on page 8, ipa 1 on page 9), loaded and entered: 9 calls. *)
Definition setup : list (Z -> act) := map (fun c _ => Call c)
  [Create true 2; Ram 1 0 16; Table 1 4; Table 1 5; Vcpu_create 1 0 6 7; Donate 1 0 8 1;
      Donate 1 1 9 1;
   Vcpu_load 1 0; Vcpu_run].
(** VM 1 draws its secret and stores it at word 3 of ipa 1, then does the rest. *)
Definition keep_secret (rest : list (Z -> act)) (p : Z) : list (Z -> act) :=
  [fun _ => Rand 0; fun x => Store 515 8 x] ++ rest.
(** An exit counts as one step of KServ: after it KServ's program goes on at 10. *)
Definition then_ (l : list call) : list (Z -> act) := setup ++ (fun _ => Nop) :: map (fun c _ =>
    Call c) l.
Definition steps (n : nat) : list choice := repeat (Go 0) n.
Definition set_reg1 s k v : state :=
  let f := hregs (cp s k) in set_hregs s k (File (reg 0 f :: v :: skipn 2 (gp f)) (ifc f)).
Definition set_guest1 s id i v : state :=
  let f := regs (cx s id i) in set_cx s id i (Context (File (reg 0 f :: v :: skipn 2 (gp f)) (ifc
      f)) (owed (cx s id i))).
